package arca.monitor.relay;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/**
 * Native memory that is lent for a while, in powers of two. What was given back is lent again, so that memory is
 * allocated only while more is out at once than ever before. For the thread that makes it.
 */
final class Buffers implements AutoCloseable {
    private static final int SIZES = 31;

    private final Arena arena = Arena.ofConfined();
    private final List<Deque<MemorySegment>> free = Stream.generate(
                    () -> (Deque<MemorySegment>) new ArrayDeque<MemorySegment>(1))
            .limit(SIZES)
            .toList();

    /** Lends a buffer of at least so many bytes, at least one. */
    MemorySegment lend(long size) {
        int power = power(size);
        MemorySegment buffer = free.get(power).poll();
        return buffer != null ? buffer : arena.allocate(1L << power);
    }

    /** Takes back a buffer that was lent. */
    void giveBack(MemorySegment buffer) {
        free.get(power(buffer.byteSize())).push(buffer);
    }

    /** The least power of two that is not below {@code size}, as its exponent. */
    private static int power(long size) {
        return Long.SIZE - Long.numberOfLeadingZeros(size - 1);
    }

    /** Frees the memory, lent or not. */
    @Override
    public void close() {
        arena.close();
    }
}
