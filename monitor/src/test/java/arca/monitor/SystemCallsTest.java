package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.ConnectionReady;
import arca.control.Endpoint;
import arca.control.Reply;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenOk;
import arca.control.Request;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import arca.monitor.config.MonitorConfig;
import arca.monitor.guest.SharedResources;
import arca.monitor.ledger.Ledgers;
import arca.monitor.policy.Policy;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import arca.testkit.Patience;
import arca.testkit.Together.Action;
import arca.testnet.GuestSide;
import arca.testnet.Loopback;
import arca.testnet.Peer;
import arca.testnet.Side;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Counts the system calls of a guest's loop, with splice(2) and epoll(7). The loop makes no call without a reason. Guest,
 * loop and peer run in one thread, so the counts are exact. A wait is counted only if it returned an event.
 */
class SystemCallsTest {
    private static final int PIPE = 256 * 1024;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment message = arena.allocate(64);
    private final MemorySegment bulk = arena.allocate(PIPE);
    private final Map<String, Integer> calls = new TreeMap<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private EmbeddedGuest guest;

    /** Returns Linux, with a count of the calls. */
    private Kernel counted() {
        Kernel linux = new LinuxKernel();
        return (Kernel) Proxy.newProxyInstance(
                SystemCallsTest.class.getClassLoader(), new Class<?>[] {Kernel.class}, (_, method, arguments) -> {
                    try {
                        Object answer = method.invoke(linux, arguments);
                        boolean empty = method.getName().equals("epoll_wait") && answer.equals(0);
                        boolean isCall = !Set.of("nanoTime", "progress").contains(method.getName());
                        if (!empty && isCall) calls.merge(method.getName(), 1, Integer::sum);
                        return answer;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @BeforeEach
    void embed() throws IOException {
        MonitorConfig config = MonitorConfig.builder()
                .policy(Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("any"))
                .build();
        guest = EmbeddedGuest.open(
                "g1", new SharedResources(config, Ledgers.ample(), this::counted), new EmbeddedGuests());
        open.add(guest);
        settle();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) each.close();
        arena.close();
    }

    /** Runs the loop until it has nothing to do. */
    private void settle() {
        while (guest.pumpOnce()) continue;
    }

    /** Runs the loop until it has nothing to do. Returns the calls since the last time. */
    private String asked() {
        settle();
        String asked = calls.toString();
        calls.clear();
        return asked;
    }

    private void ask(Request request) {
        EmbeddedRequests.ask(guest, request);
    }

    private Reply answer() throws Exception {
        assertTrue(guest.serveOne());
        return EmbeddedRequests.answer(guest);
    }

    private GuestSide side(ConnectionReady ready) throws IOException {
        GuestSide side = EmbeddedRequests.take(guest, ready);
        open.add(side);
        return side;
    }

    private GuestSide connect(Endpoint to) throws Exception {
        ask(new ConnectRequest(to));
        return side(assertInstanceOf(ConnectOk.class, answer()).ready());
    }

    private int listen(Endpoint at) throws Exception {
        ask(new ListenRequest(at));
        return assertInstanceOf(ListenOk.class, answer()).listenerId();
    }

    /** Both ends of a connection: the guest's and the peer's. The test closes them at its end. */
    private record Both(GuestSide side, Peer peer) {}

    private Both accepted() throws Exception {
        Endpoint at = Loopback.free();
        int listener = listen(at);
        Peer peer = Peer.connect(at);
        open.add(peer);
        ask(new AcceptRequest(listener));
        return new Both(
                side(assertInstanceOf(IncomingConnection.class, answer()).ready()), peer);
    }

    /** Writes all bytes at one side, and reads them at the other. */
    private void carry(Side from, Side to, MemorySegment bytes) throws Exception {
        long written = 0;
        for (long read = 0; read < bytes.byteSize(); ) {
            if (written < bytes.byteSize()) written += Math.max(0, from.tryWrite(bytes.asSlice(written)));
            to.awaitInput(guest::pumpOnce);
            read += to.read(bytes.asSlice(read));
        }
    }

    /**
     * Fails unless an action makes exactly these calls. TCP may report in pieces what it could report at once, above all on
     * a busy machine. So the action runs until it has made exactly these calls. A call without a reason would be made each
     * time.
     */
    private void assertAsks(String expected, Action action) throws Exception {
        List<String> last = new ArrayList<>(List.of(""));
        Patience.await(() -> "an action with the calls " + expected + "; the last one had " + last.getFirst(), () -> {
            asked();
            action.run();
            last.set(0, asked());
            return last.getFirst().equals(expected);
        });
    }

    @Test
    void connect() throws Exception {
        try (Peer.Listener listener = Peer.Listener.open()) {
            assertAsks(
                    "{connect=1, epoll_ctl=4, epoll_wait=3, fcntl=4, getsockname=1, getsockopt=1, pipe2=2, read=2,"
                            + " setsockopt=7, socket=1, write=1}",
                    () -> {
                        connect(listener.endpoint());
                        open.add(listener.accept());
                    });
        }
    }

    @Test
    void accept() throws Exception {
        Endpoint at = Loopback.free();
        int listener = listen(at);
        assertAsks("{accept4=2, epoll_ctl=3, epoll_wait=3, fcntl=4, pipe2=2, read=2, write=1}", () -> {
            ask(new AcceptRequest(listener));
            settle();
            open.add(Peer.connect(at));
            side(assertInstanceOf(IncomingConnection.class, answer()).ready());
        });
    }

    /** Idle connections cost nothing. */
    @ParameterizedTest
    @ValueSource(ints = {0, 50})
    void roundTrip(int idle) throws Exception {
        for (int i = 0; i < idle; i++) accepted();
        Both both = accepted();
        assertAsks("{epoll_wait=20, poll=10, splice=20}", () -> {
            for (int i = 0; i < 10; i++) {
                carry(both.side(), both.peer(), message);
                carry(both.peer(), both.side(), message);
            }
        });
    }

    /** TCP may hold back the end of each piece. So the monitor pushes it, by setsockopt(2). */
    @Test
    void mebibyteToThePeer() throws Exception {
        Both both = accepted();
        assertAsks("{epoll_wait=4, poll=4, setsockopt=4, splice=4}", () -> {
            for (int i = 0; i < 4; i++) {
                carry(both.side(), both.peer(), bulk);
                settle();
            }
        });
    }

    /** TCP decides how many pieces it makes of the bytes, and may report each of them. */
    @Test
    void mebibyteFromThePeer() throws Exception {
        Both both = accepted();
        Patience.await(() -> "no more than 32 splices; " + calls, () -> {
            asked();
            for (int i = 0; i < 4; i++) {
                carry(both.peer(), both.side(), bulk);
                settle();
            }
            int waits = calls.getOrDefault("epoll_wait", 0);
            int splices = calls.getOrDefault("splice", 0);
            return calls.keySet().equals(Set.of("epoll_wait", "splice"))
                    && 4 <= splices
                    && splices <= 32
                    && waits <= splices;
        });
    }

    /** Peers send single bytes, each in a segment of its own, and then many bytes, until all buffers to the guest are full. */
    @Test
    void bytesThatTheGuestDoesNotReadStayInTheKernel() throws Exception {
        List<Both> all = List.of(accepted(), accepted(), accepted());
        asked();
        for (int i = 0; i < 200; i++) {
            all.getFirst().peer().send("c");
            settle();
        }
        for (long sent = 1; sent > 0; settle()) {
            sent = 0;
            for (Both both : all) sent += both.peer().fill();
        }
        assertTrue(Set.of("epoll_wait", "poll", "splice").containsAll(calls.keySet()), calls::toString);
        assertFalse(Side.isSilent(all.getLast().side().input));
    }

    /** The peer may have acknowledged the FIN when the loop first asks, or only later. */
    @Test
    void end() throws Exception {
        Both both = accepted();
        asked();
        both.side().close();
        Patience.await("three closes", () -> {
            settle();
            return calls.getOrDefault("close", 0) + calls.getOrDefault("closePipe", 0) == 3;
        });
        both.peer().assertEnd();
        assertTrue(calls.remove("ioctl") <= 3, calls::toString);
        assertTrue(calls.remove("epoll_wait") <= 3, calls::toString);
        assertEquals("{close=1, closePipe=2, recv=1, shutdown=1, splice=1}", asked());
    }
}
