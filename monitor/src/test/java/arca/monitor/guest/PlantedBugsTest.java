package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.guest.Planted.Change;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Plants known kinds of bugs into the monitor, one at a time. The simulation must find each of them. */
class PlantedBugsTest {
    private static final long SEEDS = 10_000;

    /** A bug: its name, and the words of the source that it replaces. */
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
                        "0 from a socket is always taken for the end",
                        "relay.SocketToPipe",
                        "default -> n > 0 ? n : checkEnd(n);",
                        "default -> n;"),
                bug(
                        "EAGAIN before an urgent byte is taken for an empty socket",
                        "relay.SocketToPipe",
                        "urgent && pending.isEmpty() ? moveByte() : n;",
                        "n;"),
                bug(
                        "an error before an urgent byte is taken for the end",
                        "relay.SocketToPipe",
                        "default -> n > 0 ? n : checkEnd(n);",
                        "default -> n == 0 ? checkEnd(n) : n;"),
                bug(
                        "room in the pipe does not start a direction again",
                        "relay.Relay",
                        "private void writerReady(Descriptor descriptor, int events) {",
                        "private void writerReady(Descriptor descriptor, int events) { if (fromPeer.moved() > 0) return;"),
                bug(
                        "a short count is always taken for an empty source",
                        "relay.Flow",
                        "            moved += result;",
                        "            moved += result; if (result < left) return State.BLOCKED;"),
                bug(
                        "a short count after a hang-up is taken for an empty source",
                        "relay.Flow",
                        "if (!shortCount || hungUp) continue;",
                        "if (!shortCount) continue;"),
                bug(
                        "after a short count, a pipe is not asked whether it is empty",
                        "relay.PipeToSocket",
                        "return isSourceEmpty() ? drained() : State.READY;",
                        "return drained();"),
                bug(
                        "EAGAIN is taken for an empty pipe",
                        "relay.PipeToSocket",
                        "errno == Errno.EAGAIN && isSourceEmpty()",
                        "errno == Errno.EAGAIN"),
                bug(
                        "new bytes do not start a direction whose source was empty",
                        "relay.Flow",
                        "if (state == State.BLOCKED || state == State.DRAINED) turn();",
                        "if (state == State.BLOCKED) turn();"),
                bug(
                        "a count of whole pages is taken for an empty socket",
                        "relay.SocketToPipe",
                        "return count % PAGE != 0 && !urgent && !discarding ?",
                        "return !urgent && !discarding ?"),
                bug(
                        "a short count before an urgent byte is taken for an empty socket",
                        "relay.SocketToPipe",
                        "return count % PAGE != 0 && !urgent && !discarding ?",
                        "return count % PAGE != 0 && !discarding ?"),
                bug(
                        "no retry timer after ENOMEM or ENOBUFS",
                        "relay.Flow",
                        "case Errno.ENOMEM, Errno.ENOBUFS -> State.RETRY;",
                        "case Errno.ENOMEM, Errno.ENOBUFS -> State.BLOCKED;"),
                bug("a turn has no bound", "relay.Flow", "TURN_BYTES = 1 << 20;", "TURN_BYTES = 1L << 40;"),
                bug(
                        "EPOLLERR closes the connection at once",
                        "relay.Relay",
                        "if ((events & EPOLLPRI) != 0) fromPeer.urgentDataArrived();",
                        "if ((events & EPOLLERR) != 0) { close(); return; }"
                                + " if ((events & EPOLLPRI) != 0) fromPeer.urgentDataArrived();"),
                bug(
                        "the socket is closed while the peer's bytes are unread",
                        "relay.Relay",
                        "else if (guestIsGone() && linger == null) startLinger();",
                        "else if (guestIsGone()) close();"),
                bug(
                        "FIN is sent before the pipe is empty",
                        "relay.Relay",
                        "private void readerReady(Descriptor descriptor, int events) {",
                        "private void readerReady(Descriptor descriptor, int events) {"
                                + " if ((events & 0x10) != 0 && !toPeer.hasEnded()) { toPeer.stop(0); flowEnded(toPeer); return; }"),
                bug(
                        "the guest's ends of the pipes are closed before they are sent",
                        "relay.Relay",
                        "pipe.reader().close();\n        pipe.writer().close(); //",
                        "pipe.close(); //"),
                bug(
                        "bytes that were read are lost when the write fails with ENOMEM or ENOBUFS",
                        "relay.CopyMover",
                        "if (written == n) {",
                        "if (written == n || written < 0 && written != -Errno.EAGAIN) {"),
                bug(
                        "the bytes that TCP holds back are not pushed",
                        "relay.PipeToSocket",
                        "if (mayBeHeldBack) mover.push(sink.fd());",
                        ""),
                bug(
                        "moves of up to 65,536 bytes count as never held back",
                        "relay.SpliceMover",
                        "NEVER_HELD_BACK = 4096;",
                        "NEVER_HELD_BACK = 65536;"),
                bug(
                        "a call that the kernel refuses ends only one direction",
                        "relay.Relay",
                        "if (flow.reason() < 0 && !mover.isConnectionOver(socket.fd())) {",
                        "if (flow.reason() < -10_000) {"),
                bug(
                        "after a call that the kernel refuses, the peer sees an orderly end",
                        "relay.Relay",
                        "if (!toPeer.hasEnded() || isRefused())",
                        "if (!toPeer.hasEnded())"),
                bug(
                        "a peer that pauses for 30 seconds is cut off",
                        "config.MonitorConfig",
                        "linger = Duration.ofMinutes(5);",
                        "linger = Duration.ofSeconds(30);"),
                bug(
                        "events carry no generation",
                        new Change("reactor.Reactor", "released[releasedCount++] = slot;", "free[freeCount++] = slot;"),
                        new Change(
                                "reactor.Reactor",
                                "if (generations[slot] != (int) (token >>> Integer.SIZE)) return;",
                                "if (handlers[slot] == null) return;")),
                bug(
                        "poll: events are lost when the tables grow",
                        "reactor.PollSelector",
                        "slotOf = Arrays.copyOf(slotOf, size);",
                        "slotOf = Arrays.copyOf(slotOf, size); foundTokens = new long[size]; foundEvents = new int[size];"),
                bug(
                        "poll: nothing is reported when both sides have become ready",
                        "reactor.PollSelector",
                        "if (readable && sideEvents[1] != 0) return sideEvents[0];",
                        ""),
                bug(
                        "poll: a direction that has blocked asks for its ready side too",
                        "reactor.PollSelector",
                        "if (!readable) arm(from, sideWanted[0] & ~sideEvents[0]);",
                        "arm(from, sideWanted[0]);"),
                bug(
                        "a descriptor is closed twice",
                        "reactor.Descriptor",
                        "reactor.kernel().close(closed);",
                        "reactor.kernel().close(closed); reactor.kernel().close(closed);"),
                bug(
                        "a closed descriptor is still watched",
                        "reactor.Descriptor",
                        "if (slot != Reactor.UNWATCHED) reactor.forget(this);",
                        ""),
                bug(
                        "an AcceptRequest does not look into the backlog",
                        "guest.Listener",
                        "waiting.add(requestId);\n        acceptConnections();",
                        "waiting.add(requestId);"),
                bug(
                        "a backlog that was empty is taken for empty forever",
                        "guest.Listener",
                        "backlogEmpty = false;\n        acceptConnections();",
                        "acceptConnections();"),
                bug(
                        "an accept that fails gets no reply",
                        "guest.Listener",
                        "if (n < 0) refuseOldest(-n);",
                        "if (n < 0) return;"),
                bug(
                        "SO_ERROR is read twice",
                        "guest.PendingConnect",
                        "int error = kernel.getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR);",
                        "kernel.getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR);"
                                + " int error = kernel.getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR);"),
                bug(
                        "an address that the kernel cannot look up is taken for another host's",
                        "guest.Authorizer",
                        "if (own == 0) return 0;",
                        "if (own <= 0) return 0;"),
                bug(
                        "a TCP self-connect is not noticed",
                        "guest.PendingConnect",
                        "if (error == 0 && isSelfConnect(kernel))",
                        "if (error < 0)"),
                bug(
                        "a handshake has no deadline",
                        "guest.PendingConnect",
                        "if (n >= 0) reactor.schedule(deadline, timeoutNanos);",
                        ""),
                bug(
                        "a request that must wait for its user's rate is forgotten",
                        "guest.Requests",
                        "if (nanos > 0) reactor.schedule(rate, nanos);",
                        ""),
                bug(
                        "no retry timer after ETOOMANYREFS",
                        "guest.Replies",
                        "-> reactor.schedule(retry, RETRY_NANOS);",
                        "-> {}"),
                bug(
                        "the descriptors of a dropped reply stay open",
                        "guest.Replies",
                        "reply.pipe().closeGuestEnds();",
                        ""),
                bug(
                        "a handshake that fails keeps its share of the descriptors",
                        "guest.Connects",
                        "handshakes.remove(handshake);\n        connections.cancel();",
                        "handshakes.remove(handshake);"),
                bug(
                        "a handshake that fails keeps its local port",
                        "guest.PendingConnect",
                        "account.givePort(to, mayHaveConnected);",
                        ""),
                bug(
                        "the local port of a handshake that is dropped counts as free at once",
                        "guest.PendingConnect",
                        "mayHaveConnected = true;",
                        ""),
                bug(
                        "a local port in TIME_WAIT counts as free",
                        "guest.Connections",
                        "account.givePort(to, isKept)",
                        "account.givePort(to, false)"),
                bug(
                        "a connection gives its share back twice",
                        "guest.Connections",
                        "account.give(Resource.DESCRIPTORS, Headroom.CONNECTION);",
                        "account.give(Resource.DESCRIPTORS, DESCRIPTORS);"));
    }

    @Test
    void documentHasARowForEveryBug() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("..", "RELIABILITY.md"));
        for (Bug bug : bugs().toList()) {
            assertTrue(rows.stream().anyMatch(row -> row.startsWith("| " + bug + " | ")), () -> "no row for: " + bug);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bugs")
    void isFound(Bug bug, @TempDir Path directory) throws Exception {
        Class<?> history = Planted.history(directory, bug.changes());
        long seed =
                (long) history.getMethod("firstFailure", long.class, long.class).invoke(null, 0L, SEEDS);
        assertNotEquals(-1, seed, () -> "none of " + SEEDS + " seeds finds it");
        System.out.println(bug + ": found by seed " + seed + ": "
                + history.getMethod("failure", long.class).invoke(null, seed));
    }
}
