package arca.control.guest;

import static arca.control.guest.ScriptedMonitor.PEER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Reply.AcceptErr;
import arca.control.guest.ScriptedMonitor.PeerEnds;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Accepting, giving up, and what happens to requests whose accept has given up. */
class ArcaListenerTest extends SessionFixture {
    private static final Duration SHORT = Duration.ofMillis(20);

    private ArcaListener listener;

    @BeforeEach
    void openListener() throws Exception {
        listener = monitor.openListener(guest);
    }

    private Task<ArcaStream> accept() {
        return Task.of(listener::accept);
    }

    /** An accept in a thread of its own, whose request the monitor has received. */
    private record WaitingAccept(Task<ArcaStream> task, int requestId) {}

    private WaitingAccept waitingAccept() throws Exception {
        Task<ArcaStream> task = accept();
        return new WaitingAccept(task, monitor.nextAccept(listener));
    }

    private void giveUp() {
        assertThrows(SocketTimeoutException.class, () -> listener.accept(SHORT));
    }

    @Test
    void acceptReturnsTheConnectionThatComes() throws Exception {
        assertEquals(PEER, listener.endpoint());
        Task<ArcaStream> accept = accept();
        PeerEnds peer = monitor.sendReady(monitor.nextAccept(listener), monitor.incoming(listener));
        try (ArcaStream stream = accept.get()) {
            peer.write("hello");
            assertEquals("hello", new String(stream.inputStream().readNBytes(5)));
        }
        assertThrows(IllegalArgumentException.class, () -> listener.accept(Duration.ofNanos(-1)));
    }

    @Test
    void connectionsGoToWaitingAcceptsInTheirOrder() throws Exception {
        List<WaitingAccept> accepts = new ArrayList<>();
        for (int i = 0; i < 4; i++) accepts.add(waitingAccept());
        for (int i = 0; i < 4; i++) {
            var incoming = monitor.incoming(listener);
            monitor.sendReady(accepts.get(3 - i).requestId(), incoming); // the order of the replies does not matter
            try (ArcaStream stream = accepts.get(i).task().get()) {
                assertEquals(incoming.ready().connectionId(), stream.connectionId());
            }
        }
    }

    @Test
    void nextAcceptUsesTheRequestOfOneThatGaveUp() throws Exception {
        giveUp();
        int id = monitor.nextAccept(listener);
        giveUp();
        Task<ArcaStream> accept = accept().waits();
        assertTrue(monitor.hasNoRequest(), "the outstanding request is enough for one accept");
        PeerEnds peer = monitor.sendReady(id, monitor.incoming(listener));
        try (ArcaStream stream = accept.get()) {
            peer.write("x");
            assertEquals('x', stream.inputStream().read());
        }
    }

    @Test
    void connectionThatComesWhileNobodyWaitsIsKept() throws Exception {
        giveUp();
        PeerEnds peer = monitor.sendReady(monitor.nextAccept(listener), monitor.incoming(listener));
        monitor.openConnection(guest).close(); // its reply comes later, so the other has been read
        try (ArcaStream stream = listener.accept(Duration.ofHours(1))) {
            peer.write("kept");
            assertEquals("kept", new String(stream.inputStream().readNBytes(4)));
        }
        assertTrue(monitor.hasNoRequest());
        giveUp();
        monitor.nextAccept(listener);
    }

    @Test
    void nextAcceptUsesTheRequestOfAnInterruptedOne() throws Exception {
        WaitingAccept accept = waitingAccept();
        accept.task().waits().interrupt();
        accept.task().fails(InterruptedIOException.class);
        Task<ArcaStream> next = accept();
        monitor.sendReady(accept.requestId(), monitor.incoming(listener));
        next.get().close();
        assertTrue(monitor.hasNoRequest());
    }

    @Test
    void acceptThatGivesUpTakesNoConnectionFromAnother() throws Exception {
        WaitingAccept first = waitingAccept();
        WaitingAccept second = waitingAccept();
        first.task().waits().interrupt();
        first.task().fails(InterruptedIOException.class);
        monitor.sendReady(first.requestId(), monitor.incoming(listener));
        second.task().get().close();
        Task<ArcaStream> third = accept();
        monitor.sendReady(second.requestId(), monitor.incoming(listener));
        third.get().close();
        assertTrue(monitor.hasNoRequest());
    }

    @Test
    void refusalGoesToAWaitingAcceptOnly() throws Exception {
        Task<ArcaStream> accept = accept();
        monitor.reply(monitor.nextAccept(listener), new AcceptErr(Errno.EBADF));
        assertEquals(
                "accept 192.0.2.1:80: EBADF (Bad file descriptor)",
                accept.fails(ErrnoException.class).getMessage());
        giveUp();
        monitor.reply(monitor.nextAccept(listener), new AcceptErr(Errno.EMFILE));
        monitor.openConnection(guest).close(); // its reply comes later, so the other has been read
        Task<ArcaStream> next = accept();
        monitor.sendReady(monitor.nextAccept(listener), monitor.incoming(listener));
        next.get().close();
    }

    @Test
    void refusalGoesToOneOfSeveralAccepts() throws Exception {
        WaitingAccept first = waitingAccept();
        WaitingAccept second = waitingAccept();
        monitor.reply(first.requestId(), new AcceptErr(Errno.EMFILE));
        first.task().fails(ErrnoException.class);
        monitor.sendReady(second.requestId(), monitor.incoming(listener));
        second.task().get().close();
    }

    @Test
    void closeWakesAcceptsAndClosesLaterConnections() throws Exception {
        giveUp();
        int id = monitor.nextAccept(listener);
        Task<ArcaStream> first = accept().waits();
        WaitingAccept second = waitingAccept();
        second.task().waits();
        listener.close();
        first.fails(AsynchronousCloseException.class);
        second.task().fails(AsynchronousCloseException.class);
        assertSame(
                ClosedChannelException.class,
                assertThrows(ClosedChannelException.class, listener::accept).getClass());
        monitor.sendReady(id, monitor.incoming(listener)).awaitClosed();
        monitor.reply(second.requestId(), new AcceptErr(Errno.ESHUTDOWN));
        listener.close();
        monitor.openConnection(guest).close();
    }

    @Test
    void closeClosesKeptConnections() throws Exception {
        giveUp();
        PeerEnds peer = monitor.sendReady(monitor.nextAccept(listener), monitor.incoming(listener));
        monitor.openConnection(guest).close(); // its reply comes later, so the other has been read
        listener.close();
        peer.awaitClosed();
    }

    @Test
    void endOfTheSessionClosesKeptConnections() throws Exception {
        giveUp();
        PeerEnds peer = monitor.sendReady(monitor.nextAccept(listener), monitor.incoming(listener));
        monitor.openConnection(guest).close(); // its reply comes later, so the other has been read
        guest.close();
        peer.awaitClosed();
        assertThrows(ClosedChannelException.class, listener::accept);
    }
}
