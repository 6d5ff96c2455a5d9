package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/** What a relay expects from splice(2) and pipe(7), and no man page promises. */
class SpliceContractTest {
    private static final int PIPE = 65536;
    private static final int SLOTS = 16;

    private static long in(Tcp tcp, Pipe pipe) {
        return Syscalls.splice(tcp.ours().value(), pipe.writer().value(), 1 << 20, SPLICE_F_NONBLOCK);
    }

    private static long out(Pipe pipe, Tcp tcp) {
        return Syscalls.splice(pipe.reader().value(), tcp.ours().value(), 1 << 20, SPLICE_F_NONBLOCK);
    }

    private static void assertIs(long expected, long actual, String what) {
        assertEquals(expected, actual, () -> what + " " + Tcp.kernel());
    }

    @Test
    void emptySourceAndFullSinkBothGiveEagain() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK, PIPE)) {
            assertIs(-Errno.EAGAIN, in(tcp, pipe), "empty socket");
            Tcp.write(pipe.writer(), PIPE);
            tcp.arrive("waiting");
            assertIs(-Errno.EAGAIN, in(tcp, pipe), "full pipe");
        }
    }

    @Test
    void pipeIsFullAfterSixteenSplicedBytesAndGrowingItMakesRoom() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK, PIPE)) {
            for (int i = 0; i < SLOTS; i++) {
                tcp.arrive("c");
                assertIs(1, in(tcp, pipe), "byte " + i);
            }
            tcp.arrive("c");
            assertIs(-Errno.EAGAIN, in(tcp, pipe), "each byte has taken a slot");
            assertIs(SLOTS, Syscalls.ioctl(pipe.reader().value(), FIONREAD), "bytes in a pipe of " + PIPE);
            assertIs(0, Tcp.events(pipe.writer(), POLLOUT), "POLLOUT follows slots");
            assertEquals(4 * PIPE, pipe.capacity(4 * PIPE));
            assertIs(1, in(tcp, pipe), "there is room again");
            assertIs(-Errno.EBUSY, Syscalls.fcntl(pipe.writer().value(), F_SETPIPE_SZ, 4096), "shrinking");
        }
    }

    @Test
    void shortCountDoesNotMeanDrained() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK, PIPE);
                Arena arena = Arena.ofConfined()) {
            int sent = 100_000;
            assertEquals(sent, Syscalls.send(tcp.peer().value(), arena.allocate(sent), 0));
            while (Syscalls.ioctl(tcp.ours().value(), FIONREAD) < sent) Tcp.await(tcp.ours(), POLLIN, POLLIN);
            long first = in(tcp, pipe);
            assertTrue(first < sent, () -> "one call took " + first + " " + Tcp.kernel());
            assertTrue(in(tcp, pipe) > 0, () -> "more bytes wait after a short count " + Tcp.kernel());
        }
    }

    @Test
    void endIsZeroAndStaysZero() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK)) {
            tcp.arrive("hello");
            tcp.finish();
            assertIs(POLLIN | POLLRDHUP, Tcp.events(tcp.ours(), POLLIN | POLLRDHUP), "events");
            assertIs(5, in(tcp, pipe), "data before the end");
            assertIs(0, in(tcp, pipe), "the end");
            assertIs(0, in(tcp, pipe), "again");
        }
    }

    @Test
    void endBehindAFullPipeIsEagain() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK, PIPE)) {
            Tcp.write(pipe.writer(), PIPE);
            tcp.finish();
            assertIs(-Errno.EAGAIN, in(tcp, pipe), "the kernel looks at the pipe first");
            Tcp.read(pipe.reader(), PIPE);
            assertIs(0, in(tcp, pipe), "the end");
        }
    }

    @Test
    void resetIsReportedOnceAfterTheData() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK)) {
            tcp.arrive("last words");
            tcp.reset();
            int all = POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP;
            assertIs(all, Tcp.events(tcp.ours(), POLLIN | POLLOUT | POLLRDHUP), "events");
            assertIs(10, in(tcp, pipe), "the bytes that had arrived");
            assertIs(-Errno.ECONNRESET, in(tcp, pipe), "then the reset");
            assertIs(0, in(tcp, pipe), "not twice");
        }
    }

    @Test
    void resetReadFromSoErrorLooksLikeAnEnd() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK)) {
            tcp.reset();
            assertIs(Errno.ECONNRESET, Sockets.error(tcp.ours()), "SO_ERROR");
            assertIs(0, in(tcp, pipe), "the reset was reported already");
        }
    }

    @Test
    void resetReportedToTheWriterIsAnEndForTheReader() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK)) {
            Tcp.write(pipe.writer(), 1);
            tcp.reset();
            assertIs(-Errno.ECONNRESET, out(pipe, tcp), "first");
            assertIs(-Errno.EPIPE, out(pipe, tcp), "second");
            try (Pipe other = Pipe.open(O_NONBLOCK)) {
                assertIs(0, in(tcp, other), "reading");
            }
        }
    }

    @Test
    void pipeWithoutReaderIsEpipeEvenIfTheSourceIsEmpty() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK)) {
            pipe.reader().close();
            assertIs(-Errno.EPIPE, in(tcp, pipe), "empty socket");
        }
    }

    @Test
    void pipeWithoutWriterGivesItsBytesAndThenTheEnd() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK)) {
            Tcp.write(pipe.writer(), 7);
            pipe.writer().close();
            assertIs(POLLIN | POLLHUP, Tcp.events(pipe.reader(), POLLIN), "hung up, with data queued");
            assertIs(7, out(pipe, tcp), "the rest");
            assertIs(0, out(pipe, tcp), "the end");
        }
    }

    @Test
    void spliceReturnsZeroBeforeAnUrgentByte() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK)) {
            Sockets.setOption(tcp.ours(), SOL_SOCKET, SO_OOBINLINE, 1);
            Tcp.send(tcp.peer(), "abc", 0);
            Tcp.send(tcp.peer(), "!", MSG_OOB);
            Tcp.send(tcp.peer(), "def", 0);
            tcp.finish();
            assertTrue((Tcp.events(tcp.ours(), POLLPRI) & POLLPRI) != 0, () -> "POLLPRI " + Tcp.kernel());
            assertIs(3, in(tcp, pipe), "up to the urgent byte");
            assertIs(0, in(tcp, pipe), "0, but this is not the end");
            assertIs(0, in(tcp, pipe), "again");
            assertIs(4, Syscalls.ioctl(tcp.ours().value(), FIONREAD), "still queued");
            assertEquals("!", Tcp.read(tcp.ours(), 1), Tcp::kernel);
            assertIs(3, in(tcp, pipe), "splice continues after one read");
            assertIs(0, in(tcp, pipe), "the real end");
            assertEquals("", Tcp.read(tcp.ours(), 1), () -> "a read says the same " + Tcp.kernel());
        }
    }

    @Test
    void spliceReturnsEagainBeforeAnUrgentByteWithoutAnEnd() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK)) {
            Sockets.setOption(tcp.ours(), SOL_SOCKET, SO_OOBINLINE, 1);
            Tcp.send(tcp.peer(), "!", MSG_OOB);
            Tcp.await(tcp.ours(), POLLPRI, POLLPRI);
            tcp.arrive("more");
            assertIs(-Errno.EAGAIN, in(tcp, pipe), "with 5 bytes queued");
            assertEquals("!", Tcp.read(tcp.ours(), 1), Tcp::kernel);
            assertIs(4, in(tcp, pipe), "the bytes after it");
        }
    }

    @Test
    void spliceNonblockDoesNotMakeASocketNonBlocking() throws Exception {
        try (Tcp tcp = Tcp.open();
                Pipe pipe = Pipe.open(O_NONBLOCK)) {
            tcp.ours().nonBlocking(false);
            Waiting waiting = Waiting.in("splice", () -> in(tcp, pipe)); // the thread sleeps, so the socket blocks
            Tcp.send(tcp.peer(), "x", 0);
            assertIs(1, waiting.get(), "it waited for data");
        }
    }
}
