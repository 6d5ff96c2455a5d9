package arca.control.guest;

import static arca.bindings.Constants.POLLERR;
import static arca.control.guest.ScriptedMonitor.PEER;
import static arca.control.guest.ScriptedMonitor.join;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.control.Frames;
import arca.control.ProtocolException;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.ListenOk;
import arca.control.guest.ScriptedMonitor.DataPipe;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.channels.AsynchronousCloseException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A guest in the monitor's own process. The control channel is two kernel pipes; data pipes are taken by number. */
class InProcessTest {
    private final Map<Integer, DataPipes.Ends> pipes = new ConcurrentHashMap<>();
    private final CountDownLatch taking = new CountDownLatch(1);
    private final Semaphore mayTake = new Semaphore(1); // while the test holds it, the session's thread waits
    private Fd fromGuest;
    private Fd toGuest;
    private ScriptedMonitor monitor;
    private ArcaSession guest;

    @BeforeEach
    void open() throws Exception {
        Pipe requests = Pipe.open(0);
        Pipe replies = Pipe.open(0);
        fromGuest = requests.reader();
        toGuest = replies.writer();
        monitor = new ScriptedMonitor(fromGuest, toGuest);
        guest = ArcaSession.of(replies.reader(), requests.writer(), this::take);
    }

    @AfterEach
    void close() {
        guest.close();
        monitor.close();
    }

    private DataPipes.Ends take(int pipeId) throws IOException {
        taking.countDown();
        mayTake.acquireUninterruptibly();
        mayTake.release();
        DataPipes.Ends ends = pipes.remove(pipeId);
        if (ends == null) throw new IOException("no pipe " + pipeId);
        return ends;
    }

    private Task<ArcaStream> connect() {
        return Task.of(() -> guest.connect(PEER));
    }

    @Test
    void connectionsAreTakenByTheNumberOfTheirDataPipe() throws Exception {
        Task<ArcaStream> one = connect();
        int first = monitor.nextConnect();
        Task<ArcaStream> two = connect();
        int second = monitor.nextConnect();
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER));
        int third = monitor.nextListen();
        ConnectOk firstOk = monitor.connectOk();
        ConnectOk secondOk = monitor.connectOk();
        DataPipe firstPipe = monitor.pipe();
        DataPipe secondPipe = monitor.pipe();
        pipes.put(firstOk.ready().pipe().pipeId(), firstPipe.guests());
        pipes.put(secondOk.ready().pipe().pipeId(), secondPipe.guests());
        byte[] all = join(Frames.of(second, secondOk), Frames.of(third, new ListenOk(1)), Frames.of(first, firstOk));
        monitor.send(Arrays.copyOf(all, 40));
        monitor.send(Arrays.copyOfRange(all, 40, all.length));
        try (ArcaStream a = one.get();
                ArcaStream b = two.get()) {
            firstPipe.peer().write("first");
            secondPipe.peer().write("second");
            assertEquals("first", new String(a.inputStream().readNBytes(5)));
            assertEquals("second", new String(b.inputStream().readNBytes(6)));
            a.outputStream().write('a');
            assertEquals("a", firstPipe.peer().read());
        }
        firstPipe.peer().awaitClosed();
        secondPipe.peer().awaitClosed();
        assertEquals(1, listen.get().listenerId());
        assertTrue(pipes.isEmpty());
    }

    @Test
    void refusedCallThrowsTheMonitorsErrno() throws Exception {
        Task<ArcaStream> connect = connect();
        monitor.reply(monitor.nextConnect(), new ConnectErr(Errno.EACCES));
        assertEquals(Errno.EACCES, connect.fails(ErrnoException.class).errno());
    }

    @Test
    void connectionWithoutADataPipeEndsTheSession() throws Exception {
        Task<ArcaStream> connect = connect();
        monitor.reply(monitor.nextConnect(), monitor.connectOk());
        SessionEndedException e = connect.fails(SessionEndedException.class);
        assertEquals("the session with the monitor is over: no pipe -1", e.getMessage());
        monitor.awaitEnd();
    }

    @Test
    void malformedReplyEndsTheSession() throws Exception {
        Task<ArcaStream> connect = connect();
        monitor.nextConnect();
        monitor.send(HandoffTest.BadReply.UNKNOWN_TYPE.bytes);
        assertInstanceOf(
                ProtocolException.class,
                connect.fails(SessionEndedException.class).getCause());
    }

    @Test
    void closeWakesWaitingCallsAndClosesBothPipes() throws Exception {
        Task<ArcaStream> connect = connect();
        monitor.nextConnect();
        connect.waits();
        guest.close();
        connect.fails(AsynchronousCloseException.class);
        monitor.awaitEnd();
        assertEquals(POLLERR, ScriptedMonitor.await(toGuest, 0));
    }

    @Test
    void endOfTheRepliesEndsTheSession() throws Exception {
        Task<ArcaStream> connect = connect();
        monitor.nextConnect();
        toGuest.close();
        assertInstanceOf(
                EOFException.class, connect.fails(SessionEndedException.class).getCause());
    }

    @Test
    void nextRequestFindsOutThatTheMonitorReadsNoMore() throws Exception {
        Task<ArcaStream> connect = connect();
        int id = monitor.nextConnect();
        fromGuest.close();
        SessionThread.assertSleeps();
        monitor.reply(id, new ConnectErr(Errno.ESHUTDOWN));
        assertEquals(Errno.ESHUTDOWN, connect.fails(ErrnoException.class).errno());
        SessionEndedException e = assertThrows(SessionEndedException.class, () -> guest.connect(PEER));
        assertEquals(
                Errno.EPIPE,
                assertInstanceOf(ErrnoException.class, e.getCause()).errno());
    }

    @Test
    void repliesSentBeforeTheMonitorStoppedReadingAreRead() throws Exception {
        Task<ArcaStream> first = connect();
        int firstId = monitor.nextConnect();
        Task<ArcaStream> second = connect();
        int secondId = monitor.nextConnect();
        mayTake.acquire();
        ConnectOk ok = monitor.connectOk();
        pipes.put(ok.ready().pipe().pipeId(), monitor.pipe().guests());
        monitor.reply(firstId, ok);
        taking.await(); // so the guest has read this reply, and none of those that follow
        monitor.reply(secondId, new ConnectErr(Errno.ESHUTDOWN));
        fromGuest.close();
        Task<ArcaStream> third = connect().waits(); // its request is the write that will fail
        mayTake.release();
        first.get().close();
        assertEquals(Errno.ESHUTDOWN, second.fails(ErrnoException.class).errno());
        third.fails(SessionEndedException.class);
    }

    @Test
    void requestThatWasNotYetSentFailsWithTheSession() throws Exception {
        Task<ArcaStream> first = connect();
        int firstId = monitor.nextConnect();
        mayTake.acquire();
        monitor.reply(firstId, monitor.connectOk());
        taking.await();
        Task<ArcaStream> connect = connect().waits();
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER)).waits();
        mayTake.release(); // and finds no data pipe
        first.fails(SessionEndedException.class);
        connect.fails(SessionEndedException.class);
        listen.fails(SessionEndedException.class);
    }

    @Test
    void requestsWaitWhileTheMonitorDoesNotRead() throws Exception {
        int many = 12_000; // of 13 bytes: more than the pipe holds
        for (int i = 0; i < many; i++) {
            assertThrows(SocketTimeoutException.class, () -> guest.connect(PEER, Duration.ofNanos(1)));
        }
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER));
        for (int i = 0; i < many; i++) monitor.reply(monitor.nextConnect(), new ConnectErr(Errno.ECONNREFUSED));
        monitor.reply(monitor.nextListen(), new ListenOk(1));
        assertEquals(1, listen.get().listenerId());
    }
}
