package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.Reply.AcceptErr;
import arca.control.Request.AcceptRequest;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.control.guest.SessionEndedException;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.policy.Policy;
import arca.testkit.Patience;
import arca.testkit.ReservedPorts;
import arca.testnet.EchoPeer;
import arca.testnet.GoodGuests;
import arca.testnet.Loopback;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** At a limit, a guest's request fails at once, and the guest goes on. It has room again when something of it has ended. */
class LimitsTest {
    private static final int MOST = 3;

    @TempDir
    Path folder;

    private Path control() {
        return folder.resolve("control");
    }

    private Monitor start(Limits limits) throws IOException {
        return Monitor.start(MonitorConfig.builder()
                .control(control())
                .limits(limits)
                .connectTimeout(Duration.ofHours(1))
                .policy(Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("any"))
                .build());
    }

    private ArcaSession session() throws IOException {
        return ArcaSession.connect(control());
    }

    private static void assertErrno(int errno, Executable call) {
        ErrnoException e = assertThrows(ErrnoException.class, call);
        assertEquals(Errno.describe(errno), Errno.describe(e.errno()));
    }

    @Test
    void connections() throws Exception {
        Limits limits = Limits.builder().connections(MOST).build();
        List<ArcaStream> streams = new ArrayList<>();
        try (Monitor _ = start(limits);
                EchoPeer peer = new EchoPeer();
                ArcaSession session = session();
                ArcaListener listener = GoodGuests.listen(session)) {
            for (int i = 0; i < MOST; i++) streams.add(session.connect(peer.address()));
            assertErrno(Errno.EMFILE, () -> session.connect(peer.address()));
            try (Socket socket = new Socket(
                    InetAddress.getLoopbackAddress(), listener.endpoint().port())) {
                assertErrno(Errno.EMFILE, listener::accept);
                try (ArcaSession other = session()) {
                    GoodGuests.connect(other, peer, 1); // each guest has limits of its own
                }
                end(streams.removeLast());
                try (ArcaStream accepted = listener.accept()) {
                    socket.getOutputStream().write(1);
                    assertEquals(1, accepted.inputStream().read());
                }
            }
        } finally {
            for (ArcaStream stream : streams) stream.close();
        }
    }

    /** Closes a connection on which no bytes are on their way. Returns when the monitor has forgotten the connection. */
    private static void end(ArcaStream stream) throws IOException {
        stream.shutdownOutput();
        assertEquals(-1, stream.inputStream().read());
        stream.close();
    }

    @Test
    void listeners() throws Exception {
        Limits limits = Limits.builder().listeners(MOST).build();
        try (Monitor _ = start(limits);
                ArcaSession session = session()) {
            for (int i = 0; i < MOST; i++) GoodGuests.listen(session);
            assertErrno(Errno.EMFILE, () -> GoodGuests.listen(session));
            try (ArcaSession other = session()) {
                GoodGuests.listen(other);
            }
        }
    }

    @Test
    void waitingAccepts() throws Exception {
        Limits limits = Limits.builder().waitingAccepts(MOST).build();
        try (Monitor _ = start(limits);
                RawGuest guest = new RawGuest(control())) {
            List<Endpoint> at = new ArrayList<>();
            List<Integer> listeners = new ArrayList<>();
            for (int i = 0; i <= MOST; i++) {
                at.add(Loopback.free());
                listeners.add(guest.listen(at.get(i)));
            }
            int first = guest.ask(new AcceptRequest(listeners.get(0)));
            for (int i = 1; i < MOST; i++) guest.ask(new AcceptRequest(listeners.get(i)));
            int tooMany = guest.ask(new AcceptRequest(listeners.get(MOST)));
            assertEquals(new AcceptErr(Errno.ENOBUFS), guest.answerTo(tooMany));
            try (Peer _ = Peer.connect(at.getFirst())) {
                guest.connectionFor(first).close();
                guest.ask(new AcceptRequest(listeners.get(MOST))); // now there is room for one more
                guest.ask(new AcceptRequest(0)); // answered after it
                assertEquals(new AcceptErr(Errno.EBADF), guest.answer().reply());
            }
        }
    }

    @Test
    void handshakes() throws Exception {
        Limits limits = Limits.builder().connecting(MOST).build();
        try (Monitor _ = start(limits);
                EchoPeer peer = new EchoPeer();
                ArcaSession session = session()) {
            try (Peer.Listener slow = Peer.Listener.open(0);
                    Peer _ =
                            Peer.connect(slow.endpoint())) { // fills the backlog: the kernel ignores the next handshake
                Endpoint at = slow.endpoint();
                for (int i = 0; i < MOST; i++) {
                    assertThrows(SocketTimeoutException.class, () -> session.connect(at, Duration.ofMillis(1)));
                }
                assertErrno(Errno.ENOBUFS, () -> session.connect(peer.address()));
                try (ArcaSession other = session()) {
                    GoodGuests.connect(other, peer, 1);
                }
            }
            // The kernel refuses further handshakes, because nobody listens any more.
            Patience.await("room for a handshake", () -> hasRoom(session, peer));
        }
    }

    private static boolean hasRoom(ArcaSession session, EchoPeer peer) throws Exception {
        try {
            GoodGuests.connect(session, peer, 2);
            return true;
        } catch (ErrnoException e) {
            if (e.errno() != Errno.ENOBUFS) throw e;
            return false;
        }
    }

    @Test
    void guests() throws Exception {
        assertGuestsAreLimited(Limits.builder().guests(MOST).share(100).build());
    }

    @Test
    void guestsOfAUser() throws Exception {
        assertGuestsAreLimited(Limits.builder().guestsPerUid(MOST).build());
    }

    @Test
    void guestsOfAUserByItsShare() throws Exception {
        assertGuestsAreLimited(Limits.builder().guests(4 * MOST).build()); // the default share is a quarter
    }

    private void assertGuestsAreLimited(Limits limits) throws Exception {
        List<ArcaSession> sessions = new ArrayList<>();
        Endpoint anywhere = new Endpoint(0x7f000001, ReservedPorts.next());
        try (Monitor _ = start(limits)) {
            for (int i = 0; i < MOST; i++) sessions.add(session());
            for (ArcaSession session : sessions) assertErrno(Errno.ECONNREFUSED, () -> session.connect(anywhere));
            try (ArcaSession refused = session()) {
                assertThrows(IOException.class, () -> refused.connect(anywhere));
                assertThrows(SessionEndedException.class, () -> refused.connect(anywhere));
            }
            sessions.removeLast().close();
            Patience.await("a place for a guest", () -> hasPlace(anywhere));
        } finally {
            sessions.forEach(ArcaSession::close);
        }
    }

    /** Returns whether the monitor accepts a guest. The place of a guest that has left is free once its thread has ended. */
    private boolean hasPlace(Endpoint anywhere) throws IOException {
        try (ArcaSession session = session()) {
            assertErrno(Errno.ECONNREFUSED, () -> session.connect(anywhere));
            return true;
        } catch (AssertionError e) {
            if (!(e.getCause() instanceof SessionEndedException)) throw e;
            return false;
        }
    }
}
