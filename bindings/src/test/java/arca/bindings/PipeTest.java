package arca.bindings;

import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.SPLICE_F_NONBLOCK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class PipeTest {
    private static final int PAGE = 4096;

    private static void write(Fd fd, String text) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(text).asSlice(0, text.length());
            assertEquals(text.length(), Syscalls.write(fd.value(), bytes));
        }
    }

    @Test
    void bytesWrittenAreRead() throws Exception {
        try (Pipe pipe = Pipe.open(0)) {
            write(pipe.writer(), "hello");
            assertEquals("hello", Tcp.read(pipe.reader(), PAGE));
        }
    }

    @Test
    void onlyTheGivenPartIsWrittenAndReadInto() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK);
                Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocateFrom("0123456789");
            MemorySegment in = arena.allocateFrom("..........");
            assertEquals(4, Syscalls.write(pipe.writer().value(), out, 3, 4));
            assertEquals(2, Syscalls.read(pipe.reader().value(), in, 1, 2));
            assertEquals(2, Syscalls.read(pipe.reader().value(), in, 5, 5));
            assertEquals(".34..56...", in.getString(0));
            assertEquals(0, Syscalls.write(pipe.writer().value(), out, 11, 0), "an empty part, at the very end");
            assertEquals(-Errno.EAGAIN, Syscalls.read(pipe.reader().value(), in, 0, 1));
        }
    }

    @Test
    void emptyPipeIsEagainAndTheEndIsZero() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK);
                Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(PAGE);
            assertEquals(-Errno.EAGAIN, Syscalls.read(pipe.reader().value(), bytes));
            pipe.writer().close();
            assertEquals(0, Syscalls.read(pipe.reader().value(), bytes));
        }
    }

    @Test
    void writeWithoutAReaderIsEpipe() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK);
                Arena arena = Arena.ofConfined()) {
            pipe.reader().close();
            assertEquals(-Errno.EPIPE, Syscalls.write(pipe.writer().value(), arena.allocate(1)));
        }
    }

    @Test
    void capacityIsTheKernels() throws Exception {
        try (Pipe pipe = Pipe.open(0, 3 * PAGE)) {
            assertEquals(4 * PAGE, pipe.capacity(), "rounded up to a power of two");
            assertEquals(8 * PAGE, pipe.capacity(8 * PAGE));
            pipe.writer().close();
            assertEquals(8 * PAGE, pipe.capacity(), "asked at the other end");
        }
    }

    @Test
    void capacityBelowTheQueuedBytesIsEbusy() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK, 2 * PAGE);
                Arena arena = Arena.ofConfined()) {
            assertEquals(2 * PAGE, Syscalls.write(pipe.writer().value(), arena.allocate(2 * PAGE)));
            ErrnoException e = assertThrows(ErrnoException.class, () -> pipe.capacity(PAGE));
            assertEquals(Errno.EBUSY, e.errno());
        }
    }

    @Test
    void pipeIsClosedIfItsCapacityIsRefused() {
        assertThrows(ErrnoException.class, () -> Pipe.open(0, -1)); // the leak check fails if the pipe stays open
    }

    @Test
    void spliceMovesBytesAndTeeCopiesThem() throws Exception {
        try (Pipe from = Pipe.open(O_NONBLOCK);
                Pipe copy = Pipe.open(O_NONBLOCK);
                Pipe to = Pipe.open(O_NONBLOCK)) {
            write(from.writer(), "both");
            assertEquals(4, Syscalls.tee(from.reader().value(), copy.writer().value(), PAGE, SPLICE_F_NONBLOCK));
            assertEquals(4, Syscalls.splice(from.reader().value(), to.writer().value(), PAGE, SPLICE_F_NONBLOCK));
            assertEquals("both", Tcp.read(copy.reader(), PAGE));
            assertEquals("both", Tcp.read(to.reader(), PAGE));
            int end = from.reader().value();
            assertEquals(-Errno.EAGAIN, Syscalls.splice(end, to.writer().value(), PAGE, SPLICE_F_NONBLOCK));
            assertEquals(-Errno.EAGAIN, Syscalls.tee(end, to.writer().value(), PAGE, SPLICE_F_NONBLOCK));
            assertEquals(-Errno.EINVAL, Syscalls.splice(end, from.writer().value(), PAGE, SPLICE_F_NONBLOCK));
            from.writer().close();
            assertEquals(0, Syscalls.splice(end, to.writer().value(), PAGE, SPLICE_F_NONBLOCK));
            assertEquals(0, Syscalls.tee(end, to.writer().value(), PAGE, SPLICE_F_NONBLOCK));
        }
    }

    @Test
    void vmspliceMapsMemoryInAndCopiesItOut() throws Exception {
        try (Pipe pipe = Pipe.open(O_NONBLOCK);
                Arena arena = Arena.ofConfined()) {
            MemorySegment in = arena.allocate(PAGE).fill((byte) 'v');
            MemorySegment out = arena.allocate(PAGE);
            assertEquals(PAGE, Syscalls.vmsplice(pipe.writer().value(), in, SPLICE_F_NONBLOCK));
            assertEquals(PAGE, Syscalls.vmsplice(pipe.reader().value(), out, SPLICE_F_NONBLOCK));
            assertEquals(-1, in.mismatch(out));
            assertEquals(-Errno.EAGAIN, Syscalls.vmsplice(pipe.reader().value(), out, SPLICE_F_NONBLOCK));
        }
    }

    @Test
    void packetModeKeepsWritesApart() throws Exception {
        try (Pipe pipe = Pipe.open(Constants.O_DIRECT)) {
            write(pipe.writer(), "one");
            write(pipe.writer(), "two");
            assertEquals("one", Tcp.read(pipe.reader(), PAGE));
            assertEquals("two", Tcp.read(pipe.reader(), PAGE));
        }
    }

    @Test
    void queuedBytesAreCounted() throws Exception {
        try (Pipe pipe = Pipe.open(0)) {
            write(pipe.writer(), "12345");
            assertEquals(5, Syscalls.ioctl(pipe.reader().value(), Constants.FIONREAD));
        }
    }
}
