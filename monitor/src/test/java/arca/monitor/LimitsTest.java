package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.control.guest.SessionEndedException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A guest that is at a limit is told so at once, lives, and has room again when something of it is gone. */
@Timeout(90)
class LimitsTest {
    private static final int MOST = 3;
    private static final int UNLIMITED = 1000;

    @TempDir
    Path folder;

    private Path control() {
        return folder.resolve("control");
    }

    private Monitor start(Limits limits) throws IOException {
        return Monitor.start(MonitorConfig.DEFAULT
                .withControl(control())
                .withLimits(limits)
                .withPolicy(Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("any")));
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
        Limits limits = new Limits(MOST, UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, 0);
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
                    GoodGuests.connect(other, peer, 1); // a limit is each guest's own
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

    /** Closes a connection of which nothing is on its way; at its end the monitor has forgotten it. */
    private static void end(ArcaStream stream) throws IOException {
        stream.shutdownOutput();
        assertEquals(-1, stream.inputStream().read());
        stream.close();
    }

    @Test
    void listeners() throws Exception {
        Limits limits = new Limits(UNLIMITED, MOST, UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, 0);
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
        Limits limits = new Limits(UNLIMITED, UNLIMITED, MOST, UNLIMITED, UNLIMITED, UNLIMITED, 0);
        try (Monitor _ = start(limits);
                ArcaSession session = session()) {
            List<ArcaListener> listeners = new ArrayList<>();
            for (int i = 0; i <= MOST; i++) listeners.add(GoodGuests.listen(session));
            for (int i = 0; i < MOST; i++) leaveWaiting(listeners.get(i));
            assertErrno(Errno.ENOBUFS, () -> listeners.get(MOST).accept());
            try (Socket _ = new Socket(
                            InetAddress.getLoopbackAddress(),
                            listeners.getFirst().endpoint().port());
                    ArcaStream _ = listeners.getFirst().accept()) {
                leaveWaiting(listeners.get(MOST)); // there is room for one more now
            }
        }
    }

    /** An accept that has given up leaves its request with the monitor. */
    private static void leaveWaiting(ArcaListener listener) {
        assertThrows(SocketTimeoutException.class, () -> listener.accept(Duration.ofMillis(1)));
    }

    @Test
    void handshakes() throws Exception {
        Limits limits = new Limits(UNLIMITED, UNLIMITED, UNLIMITED, MOST, UNLIMITED, UNLIMITED, 0);
        List<Socket> filling = new ArrayList<>();
        try (Monitor _ = start(limits);
                EchoPeer peer = new EchoPeer();
                ArcaSession session = session()) {
            try (ServerSocket slow = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                InetSocketAddress at = (InetSocketAddress) slow.getLocalSocketAddress();
                fillBacklog(at, filling);
                for (int i = 0; i < MOST; i++) {
                    assertThrows(SocketTimeoutException.class, () -> session.connect(at, Duration.ofMillis(1)));
                }
                assertErrno(Errno.ENOBUFS, () -> session.connect(peer.address()));
                try (ArcaSession other = session()) {
                    GoodGuests.connect(other, peer, 1);
                }
            }
            awaitRoom(session, peer); // whoever tries again is refused, now that nobody listens
        } finally {
            for (Socket socket : filling) socket.close();
        }
    }

    /** Makes connections that nobody accepts, until one more gets no answer. */
    private static void fillBacklog(InetSocketAddress at, List<Socket> filling) throws IOException {
        while (true) {
            Socket socket = new Socket();
            filling.add(socket);
            try {
                socket.connect(at, 50);
            } catch (SocketTimeoutException e) {
                return;
            }
        }
    }

    private static void awaitRoom(ArcaSession session, EchoPeer peer) throws Exception {
        while (true) {
            try {
                GoodGuests.connect(session, peer, 2);
                return;
            } catch (ErrnoException e) {
                if (e.errno() != Errno.ENOBUFS) throw e;
            }
        }
    }

    @Test
    void guests() throws Exception {
        assertGuestsAreLimited(new Limits(UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, MOST, UNLIMITED, 0));
    }

    @Test
    void guestsOfAUser() throws Exception {
        assertGuestsAreLimited(new Limits(UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, MOST, 0));
    }

    private void assertGuestsAreLimited(Limits limits) throws Exception {
        List<ArcaSession> sessions = new ArrayList<>();
        Endpoint anywhere = new Endpoint(0x7f000001, GoodGuests.freePort());
        try (Monitor _ = start(limits)) {
            for (int i = 0; i < MOST; i++) sessions.add(session());
            for (ArcaSession session : sessions) assertErrno(Errno.ECONNREFUSED, () -> session.connect(anywhere));
            try (ArcaSession refused = session()) {
                assertThrows(IOException.class, () -> refused.connect(anywhere));
                assertThrows(SessionEndedException.class, () -> refused.connect(anywhere));
            }
            sessions.removeLast().close();
            awaitPlace(anywhere);
        } finally {
            sessions.forEach(ArcaSession::close);
        }
    }

    /** Tries until a guest is let in: the place of one that has left is free when its thread has ended. */
    private void awaitPlace(Endpoint anywhere) throws IOException {
        while (true) {
            try (ArcaSession session = session()) {
                assertErrno(Errno.ECONNREFUSED, () -> session.connect(anywhere));
                return;
            } catch (AssertionError e) {
                if (!(e.getCause() instanceof SessionEndedException)) throw e;
            }
        }
    }
}
