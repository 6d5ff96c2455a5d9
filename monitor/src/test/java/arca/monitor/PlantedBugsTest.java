package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import arca.monitor.Planted.Change;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whether the simulation sees: bugs of the kinds that relays have, each of which it must find. */
class PlantedBugsTest {
    private static final long SEEDS = 1000;

    /** A bug, as the words that it takes. */
    record Bug(String name, List<Change> changes) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Bug bug(String name, String type, String from, String to) {
        return new Bug(name, List.of(new Change(type, from, to)));
    }

    private static Bug bug(String name, Change... changes) {
        return new Bug(name, List.of(changes));
    }

    static Stream<Bug> bugs() {
        return Stream.of(
                bug(
                        "0 from a socket is the end",
                        "relay.SocketToPipe",
                        "default -> n > 0 ? n : atEnd(n);",
                        "default -> n;"),
                bug(
                        "EAGAIN is believed where an urgent byte is next",
                        "relay.SocketToPipe",
                        "urgent && stash.isEmpty() ? takeByte() : n;",
                        "n;"),
                bug(
                        "an error is believed where an urgent byte is next",
                        "relay.SocketToPipe",
                        "default -> n > 0 ? n : atEnd(n);",
                        "default -> n == 0 ? atEnd(n) : n;"),
                bug(
                        "a ready flag: an edge of the sink does not run the direction",
                        "relay.Relay",
                        "private void writerReady(Descriptor descriptor, int events) {",
                        "private void writerReady(Descriptor descriptor, int events) { if (fromPeer.moved() > 0) return;"),
                bug(
                        "a short count is taken for drained",
                        "relay.Flow",
                        "            moved += last;",
                        "            moved += last; if (last < left) return State.IDLE;"),
                bug(
                        "a short count is trusted after a hang-up",
                        "relay.Flow",
                        "if (!shortOf || hungUp) continue;",
                        "if (!shortOf) continue;"),
                bug(
                        "a pipe is not asked after a short count",
                        "relay.PipeToSocket",
                        "return isEmpty() ? drained() : State.READY;",
                        "return drained();"),
                bug(
                        "EAGAIN is taken for an empty pipe",
                        "relay.PipeToSocket",
                        "errno == Errno.EAGAIN && isEmpty()",
                        "errno == Errno.EAGAIN"),
                bug(
                        "an edge of the source is not heard by a direction that is drained",
                        "relay.Flow",
                        "if (state == State.IDLE || state == State.DRAINED) turn();",
                        "if (state == State.IDLE) turn();"),
                bug(
                        "a count of whole pages is taken for drained",
                        "relay.SocketToPipe",
                        "return count % PAGE != 0 && !urgent && !discards ?",
                        "return !urgent && !discards ?"),
                bug(
                        "a short count before an urgent byte is taken for drained",
                        "relay.SocketToPipe",
                        "return count % PAGE != 0 && !urgent && !discards ?",
                        "return count % PAGE != 0 && !discards ?"),
                bug(
                        "no timer after ENOMEM",
                        "relay.Flow",
                        "case Errno.ENOMEM, Errno.ENOBUFS -> State.RETRY;",
                        "case Errno.ENOMEM, Errno.ENOBUFS -> State.IDLE;"),
                bug("a turn without bound", "relay.Flow", "TURN = 1 << 20;", "TURN = 1L << 40;"),
                bug(
                        "closed on an error",
                        "relay.Relay",
                        "if ((events & EPOLLPRI) != 0) fromPeer.urgent();",
                        "if ((events & EPOLLERR) != 0) { close(); return; }"
                                + " if ((events & EPOLLPRI) != 0) fromPeer.urgent();"),
                bug(
                        "closed with unread bytes",
                        "relay.Relay",
                        "else if (guestIsGone() && linger == null) startLinger();",
                        "else if (guestIsGone()) close();"),
                bug(
                        "FIN before the pipe is drained",
                        "relay.Relay",
                        "private void readerReady(Descriptor descriptor, int events) {",
                        "private void readerReady(Descriptor descriptor, int events) {"
                                + " if ((events & 0x10) != 0 && !toPeer.hasEnded()) { toPeer.stop(0); ended(toPeer); return; }"),
                bug(
                        "the guest's ends are closed with the relay",
                        "relay.Relay",
                        "pipe.reader().close();\n        pipe.writer().close(); //",
                        "pipe.close(); //"),
                bug(
                        "bytes that were read are lost where a write fails for a while",
                        "relay.Mover",
                        "if (written == n) return n;",
                        "if (written == n || written < 0 && written != -Errno.EAGAIN) return written;"),
                bug(
                        "what TCP holds back is not pushed",
                        "relay.PipeToSocket",
                        "if (heldBack) mover.push(sink.fd());",
                        ""),
                bug(
                        "what TCP may hold back is underestimated",
                        "relay.Mover",
                        "NEVER_HELD_BACK = 4096;",
                        "NEVER_HELD_BACK = 65536;"),
                bug(
                        "a refused call ends one direction alone",
                        "relay.Relay",
                        "if (flow.reason() < 0 && !mover.isOver(socket.fd())) {",
                        "if (flow.reason() < -10_000) {"),
                bug(
                        "a refused call is told the peer as an orderly end",
                        "relay.Relay",
                        "if (!toPeer.hasEnded() || isRefused())",
                        "if (!toPeer.hasEnded())"),
                bug("a peer that pauses is cut", "MonitorConfig", "Duration.ofMinutes(5),", "Duration.ofSeconds(30),"),
                bug(
                        "events have no generation",
                        new Change("reactor.Reactor", "dying[deaths++] = slot;", "free[frees++] = slot;"),
                        new Change(
                                "reactor.Reactor",
                                "if (generations[slot] == (int) (token >>> Integer.SIZE))",
                                "if (handlers[slot] != null)")),
                bug(
                        "events are lost where the tables grow",
                        "reactor.PollReadiness",
                        "slotOf = Arrays.copyOf(slotOf, size);",
                        "slotOf = Arrays.copyOf(slotOf, size); toldTokens = new long[size]; toldEvents = new int[size];"),
                bug(
                        "both sides have become ready, and nobody says so",
                        "reactor.PollReadiness",
                        "if (readable && sideEvents[1] != 0) return sideEvents[0];",
                        ""),
                bug(
                        "closed twice",
                        "reactor.Descriptor",
                        "reactor.kernel().close(closed);",
                        "reactor.kernel().close(closed); reactor.kernel().close(closed);"),
                bug(
                        "closed and still watched",
                        "reactor.Descriptor",
                        "if (slot != Reactor.UNWATCHED) reactor.forget(this);",
                        ""),
                bug(
                        "accept only on an edge",
                        "Listener",
                        "waiting.add(requestId);\n        pair();",
                        "waiting.add(requestId);"),
                bug("a backlog that was empty stays so", "Listener", "drained = false;\n        pair();", "pair();"),
                bug("an accept that failed is not answered", "Listener", "refuseOldest(e.errno());", "return;"),
                bug(
                        "SO_ERROR is read twice",
                        "PendingConnect",
                        "int error = kernel.getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR);",
                        "kernel.getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR);"
                                + " int error = kernel.getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR);"),
                bug(
                        "what cannot be told is taken for another host's address",
                        "Guest",
                        "if (own == 0) return 0;",
                        "if (own <= 0) return 0;"),
                bug("connected to itself", "PendingConnect", "if (error == 0 && isToItself(kernel))", "if (error < 0)"),
                bug(
                        "a handshake has no deadline",
                        "PendingConnect",
                        "reactor.schedule(pending.deadline, timeoutNanos);",
                        ""),
                bug("no timer after ETOOMANYREFS", "Replies", "-> reactor.schedule(retry, RETRY_NANOS);", "-> {}"),
                bug(
                        "descriptors of a dropped reply stay open",
                        "Replies",
                        "if (reply.pipe() != null) reply.pipe().closeGuestEnds();",
                        ""));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bugs")
    void isFound(Bug bug, @TempDir Path directory) throws Exception {
        Class<?> history = Planted.history(directory, bug.changes());
        long seed =
                (long) history.getMethod("firstFailure", long.class, long.class).invoke(null, 0L, SEEDS);
        assertNotEquals(-1, seed, () -> "not found by " + SEEDS + " seeds");
        System.out.println(bug + ": found by seed " + seed + ": "
                + history.getMethod("failure", long.class).invoke(null, seed));
    }
}
