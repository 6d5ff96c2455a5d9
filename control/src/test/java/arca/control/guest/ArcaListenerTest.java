package arca.control.guest;

import static arca.bindings.Constants.SOCK_STREAM;
import static arca.control.guest.ScriptedMonitor.PEER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Sockets;
import arca.control.Reply.AcceptErr;
import arca.control.guest.ScriptedMonitor.Handed;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Accepting, giving up, and what becomes of the requests that were left behind. */
class ArcaListenerTest {
    private static final Duration SHORT = Duration.ofMillis(20);

    private ScriptedMonitor monitor;
    private ArcaSession guest;
    private ArcaListener listener;

    @BeforeEach
    void open() throws Exception {
        Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
        monitor = new ScriptedMonitor(pair.first());
        guest = ArcaSession.of(pair.second());
        listener = monitor.listener(guest);
    }

    @AfterEach
    void close() {
        guest.close();
        monitor.close();
    }

    private Task<ArcaStream> accept() {
        return Task.of(listener::accept);
    }

    private void giveUp() {
        assertThrows(SocketTimeoutException.class, () -> listener.accept(SHORT));
    }

    @Test
    void acceptGivesTheConnectionThatCame() throws Exception {
        assertEquals(PEER, listener.endpoint());
        Task<ArcaStream> accept = accept();
        Handed handed = monitor.ready(monitor.nextAccept(listener), monitor.incoming(listener));
        try (ArcaStream stream = accept.get()) {
            handed.write("hello");
            assertEquals("hello", new String(stream.inputStream().readNBytes(5)));
        }
        assertThrows(IllegalArgumentException.class, () -> listener.accept(Duration.ofNanos(-1)));
    }

    @Test
    void connectionsGoToThoseWhoWaitInTheOrderTheyCame() throws Exception {
        List<Task<ArcaStream>> accepts = new ArrayList<>();
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            accepts.add(accept());
            ids.add(monitor.nextAccept(listener));
        }
        for (int i = 0; i < 4; i++) {
            var incoming = monitor.incoming(listener);
            monitor.ready(ids.get(3 - i), incoming); // whichever of its requests the monitor answers
            try (ArcaStream stream = accepts.get(i).get()) {
                assertEquals(incoming.ready().connectionId(), stream.connectionId());
            }
        }
    }

    @Test
    void requestOfAnAcceptThatGaveUpIsTakenOverByTheNext() throws Exception {
        giveUp();
        int id = monitor.nextAccept(listener);
        giveUp();
        Task<ArcaStream> accept = accept().waits();
        assertTrue(monitor.nothingAsked(), "one request is outstanding, and one accept waits");
        Handed handed = monitor.ready(id, monitor.incoming(listener));
        try (ArcaStream stream = accept.get()) {
            handed.write("x");
            assertEquals('x', stream.inputStream().read());
        }
    }

    @Test
    void connectionThatCameForNobodyIsKeptForTheNextAccept() throws Exception {
        giveUp();
        Handed handed = monitor.ready(monitor.nextAccept(listener), monitor.incoming(listener));
        monitor.connection(guest).close(); // its reply was read after the other
        try (ArcaStream stream = listener.accept(Duration.ofHours(1))) {
            handed.write("kept");
            assertEquals("kept", new String(stream.inputStream().readNBytes(4)));
        }
        assertTrue(monitor.nothingAsked());
        giveUp();
        monitor.nextAccept(listener);
    }

    @Test
    void interruptedAcceptLeavesItsRequestToTheNext() throws Exception {
        Task<ArcaStream> accept = accept();
        int id = monitor.nextAccept(listener);
        accept.waits().interrupt();
        accept.fails(InterruptedIOException.class);
        Task<ArcaStream> next = accept();
        monitor.ready(id, monitor.incoming(listener));
        next.get().close();
        assertTrue(monitor.nothingAsked());
    }

    @Test
    void oneOfSeveralThatGivesUpTakesNoConnectionFromTheOthers() throws Exception {
        Task<ArcaStream> first = accept();
        int firstId = monitor.nextAccept(listener);
        Task<ArcaStream> second = accept();
        int secondId = monitor.nextAccept(listener);
        first.waits().interrupt();
        first.fails(InterruptedIOException.class);
        monitor.ready(firstId, monitor.incoming(listener));
        second.get().close();
        Task<ArcaStream> third = accept();
        monitor.ready(secondId, monitor.incoming(listener));
        third.get().close();
        assertTrue(monitor.nothingAsked());
    }

    @Test
    void refusalIsForWhoeverWaitsAndElseForNobody() throws Exception {
        Task<ArcaStream> accept = accept();
        monitor.reply(monitor.nextAccept(listener), new AcceptErr(Errno.EBADF));
        assertEquals(
                "accept 192.0.2.1:80: EBADF (Bad file descriptor)",
                accept.fails(ErrnoException.class).getMessage());
        giveUp();
        monitor.reply(monitor.nextAccept(listener), new AcceptErr(Errno.EMFILE));
        monitor.connection(guest).close(); // its reply was read after the other
        Task<ArcaStream> next = accept();
        monitor.ready(monitor.nextAccept(listener), monitor.incoming(listener));
        next.get().close();
    }

    @Test
    void refusalIsForOneOfSeveral() throws Exception {
        Task<ArcaStream> first = accept();
        int firstId = monitor.nextAccept(listener);
        Task<ArcaStream> second = accept();
        int secondId = monitor.nextAccept(listener);
        monitor.reply(firstId, new AcceptErr(Errno.EMFILE));
        first.fails(ErrnoException.class);
        monitor.ready(secondId, monitor.incoming(listener));
        second.get().close();
    }

    @Test
    void closeWakesAcceptsAndClosesWhatStillComes() throws Exception {
        giveUp();
        int id = monitor.nextAccept(listener);
        Task<ArcaStream> first = accept().waits();
        Task<ArcaStream> second = accept();
        int secondId = monitor.nextAccept(listener);
        second.waits();
        listener.close();
        first.fails(AsynchronousCloseException.class);
        second.fails(AsynchronousCloseException.class);
        assertSame(
                ClosedChannelException.class,
                assertThrows(ClosedChannelException.class, listener::accept).getClass());
        monitor.ready(id, monitor.incoming(listener)).awaitClosed();
        monitor.reply(secondId, new AcceptErr(Errno.ESHUTDOWN));
        listener.close();
        monitor.connection(guest).close();
    }

    @Test
    void closeClosesWhatNobodyAccepted() throws Exception {
        giveUp();
        Handed handed = monitor.ready(monitor.nextAccept(listener), monitor.incoming(listener));
        monitor.connection(guest).close(); // its reply was read after the other
        listener.close();
        handed.awaitClosed();
    }

    @Test
    void endOfTheSessionClosesWhatNobodyAccepted() throws Exception {
        giveUp();
        Handed handed = monitor.ready(monitor.nextAccept(listener), monitor.incoming(listener));
        monitor.connection(guest).close(); // its reply was read after the other
        guest.close();
        handed.awaitClosed();
        assertThrows(ClosedChannelException.class, listener::accept);
    }
}
