package arca.control.guest;

import static arca.bindings.Constants.FIONREAD;
import static arca.bindings.Constants.F_GETFL;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.POLLERR;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.bindings.Syscalls;
import arca.control.guest.ScriptedMonitor.PeerEnds;
import arca.testkit.Patience;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A stream over two kernel pipes. The test has their other ends. */
class ArcaStreamTest {
    private static final int PIPE = 65536;

    private Pipe incoming;
    private Pipe outgoing;
    private PeerEnds peer;
    private ArcaStream stream;

    @BeforeEach
    void open() throws Exception {
        incoming = Pipe.open(0, PIPE);
        outgoing = Pipe.open(0, PIPE);
        peer = new PeerEnds(incoming.writer(), outgoing.reader());
        stream = new ArcaStream(new DataPipes.Ends(incoming.reader(), outgoing.writer()), -1, PIPE);
    }

    @AfterEach
    void close() throws Exception {
        stream.close();
        incoming.close();
        outgoing.close();
    }

    private Task<Integer> reads() throws Exception {
        return Task.of(() -> stream.read(ByteBuffer.allocate(10))).waits();
    }

    /** Starts a write that fills the pipe and waits for more room. */
    private Task<Integer> writes() throws Exception {
        return Task.of(() -> stream.write(ByteBuffer.allocate(PIPE + 1))).waits();
    }

    private static ByteBuffer buffer(boolean direct, int size) {
        return direct ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
    }

    @ParameterizedTest(name = "direct {0}")
    @ValueSource(booleans = {true, false})
    void buffersAreFilledAndEmptiedBetweenTheirPositionAndLimit(boolean direct) throws Exception {
        peer.write("abcdef");
        ByteBuffer into = buffer(direct, 10).position(3).limit(7);
        assertEquals(4, stream.read(into));
        assertEquals(7, into.position());
        byte[] all = new byte[10];
        into.clear().get(all);
        assertArrayEquals(new byte[] {0, 0, 0, 'a', 'b', 'c', 'd', 0, 0, 0}, all);
        assertEquals(2, stream.read(into.clear()), "returns what is there and does not wait for more");

        ByteBuffer from =
                buffer(direct, 10).put("0123456789".getBytes()).position(2).limit(5);
        assertEquals(3, stream.write(from));
        assertEquals(5, from.position());
        assertEquals("234", peer.read());
        assertEquals(1, stream.write(ByteBuffer.wrap(new byte[] {'x'}).asReadOnlyBuffer()));
        assertEquals("x", peer.read());
    }

    @Test
    void releasedEndsBelongToTheCallerAndBlock() throws Exception {
        peer.write("a");
        assertEquals('a', stream.inputStream().read());
        try (DataPipes.Ends ends = stream.release()) {
            assertFalse(stream.isOpen());
            assertThrows(ClosedChannelException.class, () -> stream.read(ByteBuffer.allocate(1)));
            assertThrows(ClosedChannelException.class, stream::release);
            for (Fd end : List.of(ends.reader(), ends.writer())) {
                assertEquals(0, Syscalls.fcntl(end.value(), F_GETFL, 0) & O_NONBLOCK);
            }
            assertEquals(1, Syscalls.write(ends.writer().value(), ScriptedMonitor.nativeCopy(new byte[] {'b'})));
            assertEquals("b", peer.read());
        }
        peer.awaitClosed();
    }

    @Test
    void streamInUseIsNotReleased() throws Exception {
        Task<Integer> reader = reads();
        assertThrows(IllegalStateException.class, stream::release);
        peer.write("a");
        assertEquals(1, reader.get());
    }

    @Test
    void halfClosedStreamIsNotReleased() throws Exception {
        stream.shutdownOutput();
        assertThrows(ClosedChannelException.class, stream::release);
        peer.awaitClosed();
    }

    @Test
    void virtualThreadIsRefusedWithAdvice() throws Exception {
        peer.write("a");
        List<Throwable> refused = new ArrayList<>();
        Thread.startVirtualThread(() -> {
                    ByteBuffer buffer = ByteBuffer.allocate(1);
                    refused.add(assertThrows(UnsupportedOperationException.class, () -> stream.read(buffer)));
                    refused.add(assertThrows(UnsupportedOperationException.class, () -> stream.write(buffer)));
                    refused.add(assertThrows(
                            UnsupportedOperationException.class, () -> ArcaSession.connect("/no/such/socket")));
                })
                .join();
        assertEquals(3, refused.size());
        for (Throwable e : refused) assertTrue(e.getMessage().contains("from a platform thread"), e.getMessage());
        assertEquals('a', stream.inputStream().read(), "the stream can still be used");
    }

    @Test
    void emptyBufferMovesNoBytes() throws Exception {
        assertEquals(0, stream.read(ByteBuffer.allocate(0)));
        assertEquals(0, stream.write(ByteBuffer.allocate(0)));
    }

    @ParameterizedTest(name = "direct {0}")
    @ValueSource(booleans = {true, false})
    void readIntoAReadOnlyBufferIsRefusedAndLosesNoByte(boolean direct) throws Exception {
        peer.write("a");
        ByteBuffer into = buffer(direct, 10).asReadOnlyBuffer();
        assertThrows(IllegalArgumentException.class, () -> stream.read(into));
        assertEquals('a', stream.inputStream().read());
    }

    @ParameterizedTest(name = "direct {0}")
    @ValueSource(booleans = {true, false})
    void largeWriteArrivesWholeThroughASmallPipe(boolean direct) throws Exception {
        byte[] sent = new byte[1 << 20];
        new SplittableRandom(7).nextBytes(sent);
        ByteBuffer from = buffer(direct, sent.length).put(sent).flip();
        Task<Integer> write = Task.of(() -> stream.write(from));
        byte[] got = new byte[sent.length];
        MemorySegment some = Arena.ofAuto().allocate(7_777);
        for (int at = 0; at < got.length; ) {
            int n = (int)
                    ErrnoException.check("read", Syscalls.read(peer.fromGuest().value(), some));
            MemorySegment.copy(some, ValueLayout.JAVA_BYTE, 0, got, at, n);
            at += n;
        }
        assertEquals(sent.length, write.get());
        assertArrayEquals(sent, got);
    }

    @Test
    void javaIoStreamsCarryTheSameBytes() throws Exception {
        InputStream in = stream.inputStream();
        OutputStream out = stream.outputStream();
        out.write("ping".getBytes());
        assertEquals("ping", peer.read());
        peer.write("pong");
        incoming.writer().close();
        assertEquals("pong", new String(in.readAllBytes()));
        in.close();
        assertFalse(stream.isOpen());
        assertThrows(ClosedChannelException.class, () -> out.write(1));
    }

    @Test
    void connectionIdAndRingSizeAreTheMonitors() {
        assertEquals(-1, stream.connectionId());
        assertEquals(PIPE, stream.ringSize());
    }

    @Test
    void readReturnsMinusOneAfterThePeersLastByte() throws Exception {
        peer.write("last");
        incoming.writer().close();
        assertEquals(4, stream.read(ByteBuffer.allocate(10)));
        assertEquals(-1, stream.read(ByteBuffer.allocate(10)));
        assertEquals(-1, stream.read(ByteBuffer.allocateDirect(10)));
        stream.write(ByteBuffer.wrap("on".getBytes()));
        assertEquals("on", peer.read());
    }

    @Test
    void waitingReadReturnsMinusOneAtTheEnd() throws Exception {
        Task<Integer> read = reads();
        incoming.writer().close();
        assertEquals(-1, read.get());
    }

    @Test
    void shutdownOutputEndsThatDirectionOnly() throws Exception {
        stream.write(ByteBuffer.wrap("all".getBytes()));
        stream.shutdownOutput();
        assertEquals("all", peer.read());
        assertEquals("", peer.read());
        assertThrows(ClosedChannelException.class, () -> stream.write(ByteBuffer.allocate(1)));
        stream.shutdownOutput();
        peer.write("still");
        assertEquals(5, stream.read(ByteBuffer.allocate(10)));
        assertTrue(stream.isOpen());
    }

    @Test
    void shutdownOutputEndsAWaitingWrite() throws Exception {
        Task<Integer> write = writes();
        stream.shutdownOutput();
        write.fails(ClosedChannelException.class);
        assertTrue(stream.isOpen());
    }

    @Test
    void shutdownInputEndsThatDirectionOnly() throws Exception {
        Task<Integer> read = reads();
        stream.shutdownInput();
        assertEquals(-1, read.get());
        assertEquals(-1, stream.read(ByteBuffer.allocate(10)));
        stream.shutdownInput();
        stream.write(ByteBuffer.wrap("on".getBytes()));
        assertEquals("on", peer.read());
        assertEquals(POLLERR, ScriptedMonitor.await(peer.toGuest(), 0));
    }

    @Test
    void writeToAPeerThatIsGoneFailsWithEpipe() throws Exception {
        outgoing.reader().close();
        ErrnoException e = assertThrows(ErrnoException.class, () -> stream.write(ByteBuffer.allocate(1)));
        assertEquals(Errno.EPIPE, e.errno());
        assertTrue(stream.isOpen());
    }

    @Test
    void waitingWriteFailsWhenThePeerGoes() throws Exception {
        ByteBuffer from = ByteBuffer.allocate(PIPE + 1);
        Task<Integer> write = Task.of(() -> stream.write(from));
        Patience.await("a full pipe", () -> Syscalls.ioctl(outgoing.reader().value(), FIONREAD) == PIPE);
        write.waits();
        outgoing.reader().close();
        assertEquals(Errno.EPIPE, write.fails(ErrnoException.class).errno());
        assertEquals(PIPE, from.position(), "the bytes written before");
    }

    @Test
    void streamCanBeUsedAfterAReadTimeout() throws Exception {
        stream.readTimeout(Duration.ofMillis(20));
        long before = System.nanoTime();
        assertThrows(SocketTimeoutException.class, () -> stream.read(ByteBuffer.allocate(1)));
        assertTrue(System.nanoTime() - before >= 20_000_000, "not before the timeout");
        assertThrows(SocketTimeoutException.class, () -> stream.inputStream().read());
        stream.readTimeout(Duration.ofNanos(1));
        assertThrows(SocketTimeoutException.class, () -> stream.read(ByteBuffer.allocate(1)));
        peer.write("ab");
        assertEquals('a', stream.inputStream().read());
        stream.readTimeout(Duration.ofSeconds(Long.MAX_VALUE));
        assertEquals('b', stream.inputStream().read());
        assertThrows(IllegalArgumentException.class, () -> stream.readTimeout(Duration.ofNanos(-1)));
        stream.readTimeout(Duration.ZERO);
        Task<Integer> read = reads();
        peer.write("c");
        assertEquals(1, read.get());
    }

    @Test
    void readWithATimeoutSleepsWhileItWaits() throws Exception {
        stream.readTimeout(Duration.ofHours(1));
        Task<Integer> read = reads();
        read.assertSleeps();
        peer.write("x");
        assertEquals(1, read.get());
    }

    @Test
    void closeWakesAllReadsAndWrites() throws Exception {
        List<Task<Integer>> waiting = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            waiting.add(reads());
            waiting.add(writes());
        }
        stream.close();
        for (Task<Integer> task : waiting) task.fails(AsynchronousCloseException.class);
        assertThrows(ClosedChannelException.class, () -> stream.read(ByteBuffer.allocate(1)));
        assertThrows(ClosedChannelException.class, () -> stream.write(ByteBuffer.allocate(1)));
        stream.close();
        assertEquals(POLLERR, ScriptedMonitor.await(peer.toGuest(), 0));
    }

    @Test
    void interruptClosesTheStream() throws Exception {
        Task<Integer> read = reads();
        Task<Integer> write = writes();
        read.interrupt();
        read.fails(ClosedByInterruptException.class);
        write.fails(AsynchronousCloseException.class);
        assertFalse(stream.isOpen());
    }

    @Test
    void waitingReadDoesNotDelayAWrite() throws Exception {
        Task<Integer> read = reads();
        Task<Integer> write = Task.of(() -> stream.write(ByteBuffer.wrap("go".getBytes())));
        assertEquals(2, write.get());
        peer.write("x");
        assertEquals(1, read.get());
    }

    @Test
    void bytesOfTwoWritesDoNotMix() throws Exception {
        int size = 4 * PIPE;
        List<Task<Integer>> writes = new ArrayList<>();
        for (byte letter : new byte[] {'a', 'b', 'c'}) {
            byte[] bytes = new byte[size];
            Arrays.fill(bytes, letter);
            writes.add(Task.of(() -> stream.write(ByteBuffer.wrap(bytes))).waits());
        }
        StringBuilder got = new StringBuilder();
        while (got.length() < 3 * size) got.append(peer.read());
        for (Task<Integer> write : writes) assertEquals(size, write.get());
        for (int i = 0; i < 3; i++) {
            String one = got.substring(i * size, (i + 1) * size);
            assertEquals(one.substring(0, 1).repeat(size), one);
        }
    }

    @Test
    void manyReadersGetEachByteOnce() throws Exception {
        int readers = 4;
        int each = 5_000;
        List<Task<Long>> tasks = new ArrayList<>();
        for (int i = 0; i < readers; i++) {
            tasks.add(Task.of(() -> {
                long sum = 0;
                ByteBuffer into = ByteBuffer.allocate(3);
                while (stream.read(into) != -1) {
                    for (int j = 0; j < into.position(); j++) sum += into.get(j);
                    into.clear();
                }
                return sum;
            }));
        }
        for (int i = 0; i < each; i++) peer.write("\u0001\u0002\u0003");
        incoming.writer().close();
        long sum = 0;
        for (Task<Long> task : tasks) sum += task.get();
        assertEquals(6L * each, sum);
    }

    @Test
    void closeDuringCallsClosesEachDescriptorOnce() throws Exception {
        for (int round = 0; round < 300; round++) {
            Pipe in = Pipe.open(0);
            Pipe out = Pipe.open(0);
            ArcaStream one = new ArcaStream(new DataPipes.Ends(in.reader(), out.writer()), 1, PIPE);
            List<Task<?>> tasks = List.of(
                    Task.of(() -> one.read(ByteBuffer.allocate(1))),
                    Task.of(() -> one.write(ByteBuffer.allocate(2 * PIPE))),
                    Task.of(() -> {
                        one.shutdownOutput();
                        return null;
                    }),
                    Task.of(() -> {
                        one.close();
                        return null;
                    }));
            for (Task<?> task : tasks) {
                try {
                    assertNull(task.get(), "a read or a write has succeeded");
                } catch (ClosedChannelException e) {
                    continue; // how a read and a write must end
                }
            }
            assertFalse(one.isOpen());
            in.writer().close();
            out.reader().close();
        }
    }
}
