package arca.control.guest;

import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_SNDBUF;
import static arca.control.guest.ScriptedMonitor.PEER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Poll;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.control.Endpoint;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ListenErr;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import arca.control.guest.ScriptedMonitor.Connection;
import java.io.EOFException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls of a session: their replies, and the ways in which a call ends without one. */
class ArcaSessionTest extends SessionFixture {
    private static final Duration SHORT = Duration.ofMillis(20);
    private static final Duration LONG = Duration.ofHours(1);

    @Test
    void pingIsARequestThatEveryMonitorRefuses() throws Exception {
        for (int errno : new int[] {Errno.EBADF, Errno.ESHUTDOWN}) {
            Task<Boolean> ping = Task.of(() -> {
                guest.ping();
                return true;
            });
            ScriptedMonitor.ReceivedRequest asked = monitor.next();
            assertEquals(new AcceptRequest(0), asked.request());
            monitor.reply(asked.id(), new AcceptErr(errno));
            assertTrue(ping.get());
        }
    }

    @Test
    void pingFailsWhenTheMonitorEnds() throws Exception {
        Task<Boolean> ping = Task.of(() -> {
            guest.ping();
            return true;
        });
        monitor.next();
        monitor.close();
        ping.fails(SessionEndedException.class);
        assertThrows(SessionEndedException.class, guest::ping);
    }

    @Test
    void connectFindsTheMonitorByItsPath(@TempDir Path directory) throws Exception {
        Path control = directory.resolve("control.sock");
        ErrnoException e = assertThrows(ErrnoException.class, () -> ArcaSession.connect(control));
        assertEquals(Errno.ENOENT, e.errno());
        assertTrue(e.getMessage().contains(control.toString()), e.getMessage());
        try (Fd listener = Sockets.listen(SocketAddress.Unix.path(control.toString()), 0, 1);
                ArcaSession session = ArcaSession.connect(control);
                ScriptedMonitor other =
                        new ScriptedMonitor(Sockets.accept(listener, 0).orElseThrow());
                Connection connection = other.openConnection(session)) {
            assertTrue(connection.stream().isOpen());
        }
    }

    @Test
    void sessionOverSomethingElseThanASocketEnds() throws Exception {
        ArcaSession session = ArcaSession.of(Fd.open("/proc/self/status", 0, 0));
        SessionEndedException e = assertThrows(SessionEndedException.class, () -> {
            while (true) session.connect(PEER);
        });
        assertEquals(
                Errno.ENOTSOCK,
                assertInstanceOf(ErrnoException.class, e.getCause()).errno());
        session.close();
    }

    @Test
    void refusedCallThrowsTheMonitorsErrno() throws Exception {
        Task<ArcaStream> connect = connect();
        monitor.reply(monitor.nextConnect(), new ConnectErr(Errno.ECONNREFUSED));
        ErrnoException e = connect.fails(ErrnoException.class);
        assertEquals("connect 192.0.2.1:80: ECONNREFUSED (Connection refused)", e.getMessage());
        assertEquals(Errno.ECONNREFUSED, e.errno());
        assertTrue(
                List.of(e.getStackTrace()).stream()
                        .anyMatch(frame -> frame.getMethodName().equals("connect")),
                "the stack trace is that of the caller");
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER));
        monitor.reply(monitor.nextListen(), new ListenErr(Errno.EADDRINUSE));
        assertEquals(
                "listen 192.0.2.1:80: EADDRINUSE (Address already in use)",
                listen.fails(ErrnoException.class).getMessage());
        Task<ArcaListener> strange = Task.of(() -> guest.listen(PEER));
        monitor.reply(monitor.nextListen(), new ListenErr(-1));
        assertEquals(
                "listen 192.0.2.1:80: errno 4294967295 (unknown)",
                strange.fails(ErrnoException.class).getMessage());
        assertTrue(guest.isOpen());
    }

    @Test
    void javaNetAddressesAreTakenIfTheyAreIpv4() throws Exception {
        InetAddress address = InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, (byte) 200});
        Task<ArcaStream> connect = Task.of(() -> guest.connect(new InetSocketAddress(address, 65535)));
        ScriptedMonitor.ReceivedRequest asked = monitor.next();
        assertEquals(new ConnectRequest(Endpoint.parse("192.0.2.200:65535")), asked.request());
        monitor.reply(asked.id(), new ConnectErr(Errno.ETIMEDOUT));
        connect.fails(ErrnoException.class);
        Task<ArcaListener> listen = Task.of(() -> guest.listen(new InetSocketAddress(address, 0)));
        asked = monitor.next();
        assertEquals(new ListenRequest(Endpoint.parse("192.0.2.200:0")), asked.request());
        monitor.reply(asked.id(), new ListenOk(3));
        assertEquals(Endpoint.parse("192.0.2.200:0"), listen.get().endpoint());

        InetSocketAddress name = InetSocketAddress.createUnresolved("a.name", 80);
        assertThrows(UnknownHostException.class, () -> guest.connect(name));
        InetSocketAddress ipv6 = new InetSocketAddress(InetAddress.getByName("::1"), 80);
        assertThrows(UnknownHostException.class, () -> guest.listen(ipv6));
        assertTrue(monitor.hasNoRequest());
    }

    @Test
    void waitingAcceptDelaysNoConnect() throws Exception {
        ArcaListener listener = monitor.openListener(guest);
        Task<ArcaStream> accept = Task.of(listener::accept);
        int acceptId = monitor.nextAccept(listener);
        for (int i = 0; i < 3; i++) monitor.openConnection(guest).close();
        Task<ArcaStream> slow = connect();
        int slowId = monitor.nextConnect();
        monitor.openConnection(guest).close();
        monitor.sendReady(slowId, monitor.connectOk());
        slow.get().close();
        monitor.sendReady(acceptId, monitor.incoming(listener));
        accept.get().close();
    }

    @Test
    void connectionThatComesAfterTheTimeoutIsClosed() throws Exception {
        Task<ArcaStream> connect = Task.of(() -> guest.connect(PEER, SHORT));
        int id = monitor.nextConnect();
        SocketTimeoutException e = connect.fails(SocketTimeoutException.class);
        assertEquals("connect 192.0.2.1:80: no answer within PT0.02S", e.getMessage());
        monitor.sendReady(id, monitor.connectOk()).awaitClosed();
        monitor.openConnection(guest).close();
    }

    @Test
    void refusalThatComesAfterTheTimeoutIsIgnored() throws Exception {
        Task<ArcaStream> connect = Task.of(() -> guest.connect(PEER, SHORT));
        int id = monitor.nextConnect();
        connect.fails(SocketTimeoutException.class);
        monitor.reply(id, new ConnectErr(Errno.ECONNREFUSED));
        monitor.openConnection(guest).close();
    }

    @Test
    void replyInTimeIsNoTimeout() throws Exception {
        Task<ArcaStream> connect = Task.of(() -> guest.connect(PEER, LONG));
        monitor.sendReady(monitor.nextConnect(), monitor.connectOk());
        connect.get().close();
        assertThrows(IllegalArgumentException.class, () -> guest.connect(PEER, Duration.ofNanos(-1)));
        Task<ArcaStream> longest = Task.of(() -> guest.connect(PEER, Duration.ofSeconds(Long.MAX_VALUE)));
        monitor.sendReady(monitor.nextConnect(), monitor.connectOk());
        longest.get().close();
    }

    @Test
    void interruptedConnectEndsAndLaterItsConnectionIsClosed() throws Exception {
        Task<Boolean> connect = Task.of(() -> {
            assertThrows(InterruptedIOException.class, () -> guest.connect(PEER));
            return Thread.interrupted();
        });
        int id = monitor.nextConnect();
        Task<ArcaStream> other = connect();
        int otherId = monitor.nextConnect();
        connect.waits().interrupt();
        assertTrue(connect.get(), "still interrupted");
        monitor.sendReady(id, monitor.connectOk()).awaitClosed();
        monitor.sendReady(otherId, monitor.connectOk());
        other.get().close();
    }

    @Test
    void threadThatIsAlreadyInterruptedSendsNoRequest() throws Exception {
        ArcaListener listener = monitor.openListener(guest);
        Task<Void> calls = Task.of(() -> {
            Thread.currentThread().interrupt();
            assertThrows(InterruptedIOException.class, () -> guest.connect(PEER));
            assertThrows(InterruptedIOException.class, () -> guest.listen(PEER));
            assertThrows(InterruptedIOException.class, listener::accept);
            return null;
        });
        calls.get();
        assertTrue(monitor.hasNoRequest());
    }

    @Test
    void replyToAnInterruptedListenIsIgnored() throws Exception {
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER));
        int id = monitor.nextListen();
        listen.waits().interrupt();
        listen.fails(InterruptedIOException.class);
        monitor.reply(id, new ListenOk(99));
        monitor.openConnection(guest).close();
    }

    @Test
    void closeWakesAllWaitingCalls() throws Exception {
        ArcaListener listener = monitor.openListener(guest);
        List<Task<?>> waiting = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            waiting.add(Task.of(() -> guest.connect(PEER)).waits());
            waiting.add(Task.of(() -> guest.connect(PEER, LONG)).waits());
            waiting.add(Task.of(() -> guest.listen(PEER)).waits());
            waiting.add(Task.of(() -> listener.accept()).waits());
            waiting.add(Task.of(() -> listener.accept(LONG)).waits());
        }
        for (int i = 0; i < waiting.size(); i++) monitor.next();
        guest.close();
        for (Task<?> task : waiting) task.fails(AsynchronousCloseException.class);
        assertFalse(guest.isOpen());
        assertEquals(
                ClosedChannelException.class,
                assertThrows(ClosedChannelException.class, () -> guest.connect(PEER))
                        .getClass());
        assertThrows(ClosedChannelException.class, () -> guest.listen(PEER));
        assertThrows(ClosedChannelException.class, listener::accept);
        guest.close();
        monitor.awaitEnd();
    }

    @Test
    void closeReturnsWhenTheDescriptorsAreClosed() throws Exception {
        for (int i = 0; i < 100; i++) {
            try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM)) {
                ArcaSession.of(new Fd(pair.second().release())).close();
                Poll poll = new Poll(Arena.ofAuto(), 1);
                poll.set(0, pair.first().value(), POLLIN);
                assertEquals(1, poll.poll(0), "the other side sees the end at once");
            }
        }
    }

    @Test
    void interruptedThreadCanCloseTheSession() throws Exception {
        Task<Boolean> close = Task.of(() -> {
            Thread.currentThread().interrupt();
            guest.close();
            return Thread.interrupted();
        });
        assertTrue(close.get(), "still interrupted");
        monitor.awaitEnd();
    }

    @Test
    void endOfTheMonitorWakesAllWaitingCalls() throws Exception {
        ArcaListener listener = monitor.openListener(guest);
        Task<ArcaStream> connect = connect().waits();
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER)).waits();
        Task<ArcaStream> accept = Task.of(listener::accept).waits();
        for (int i = 0; i < 3; i++) monitor.next();
        monitor.close();
        assertInstanceOf(
                EOFException.class, connect.fails(SessionEndedException.class).getCause());
        listen.fails(SessionEndedException.class);
        accept.fails(SessionEndedException.class);
        assertThrows(SessionEndedException.class, listener::accept);
        assertThrows(SessionEndedException.class, () -> guest.listen(PEER));
        guest.close();
        assertThrows(SessionEndedException.class, () -> guest.listen(PEER), "the first reason stays");
    }

    @Test
    void repliesSentBeforeAResetAreStillRead() throws Exception {
        Task<ArcaStream> connect = connect();
        int id = monitor.nextConnect();
        Task<ArcaStream> unread = connect().waits();
        ScriptedMonitor.await(monitor.in(), POLLIN); // a request stays unread, so the close is a reset
        monitor.reply(id, new ConnectErr(Errno.ESHUTDOWN));
        monitor.close();
        assertEquals(Errno.ESHUTDOWN, connect.fails(ErrnoException.class).errno());
        unread.fails(SessionEndedException.class);
    }

    @Test
    void streamsOutliveTheirSession() throws Exception {
        try (Connection connection = monitor.openConnection(guest)) {
            guest.close();
            monitor.awaitEnd();
            connection.peer().write("late");
            assertEquals("late", new String(connection.stream().inputStream().readNBytes(4)));
        }
    }

    @Test
    void requestsWaitWhileTheMonitorDoesNotRead() throws Exception {
        int many = 2_000; // of 13 bytes: more than the socket and several buffers hold
        Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
        Sockets.setOption(
                pair.second(), SOL_SOCKET, SO_SNDBUF, 1); // the kernel's minimum, which is smaller than one buffer
        try (ScriptedMonitor other = new ScriptedMonitor(pair.first());
                ArcaSession session = ArcaSession.of(pair.second())) {
            for (int i = 0; i < many; i++) {
                Endpoint to = new Endpoint(i, 80);
                assertThrows(SocketTimeoutException.class, () -> session.connect(to, Duration.ofNanos(1)));
            }
            for (int i = 0; i < many; i++) {
                ScriptedMonitor.ReceivedRequest asked = other.next();
                assertEquals(new ConnectRequest(new Endpoint(i, 80)), asked.request());
                other.reply(asked.id(), new ConnectErr(Errno.ECONNREFUSED));
            }
            other.openConnection(session).close();
        }
    }

    @Test
    void idleSessionSleeps() throws Exception {
        monitor.openConnection(guest).close();
        SessionThread.assertSleeps();
    }
}
