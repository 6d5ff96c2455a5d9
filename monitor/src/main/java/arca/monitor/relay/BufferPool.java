package arca.monitor.relay;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/**
 * Buffers in native memory that are used again. Each size is a power of two. The pool allocates only when every buffer of
 * the size is in use. For the thread that makes it.
 */
final class BufferPool implements AutoCloseable {
    private static final int SIZES = 31;

    private final Arena arena = Arena.ofConfined();
    private final List<Deque<MemorySegment>> free = Stream.generate(
                    () -> (Deque<MemorySegment>) new ArrayDeque<MemorySegment>(1))
            .limit(SIZES)
            .toList();

    /**
     * Takes a buffer out of the pool; the caller must {@link #release} it.
     *
     * @param size bytes that the buffer holds at least; 1 or more
     */
    MemorySegment acquire(long size) {
        int exponent = exponent(size);
        MemorySegment buffer = free.get(exponent).poll();
        return buffer != null ? buffer : arena.allocate(1L << exponent);
    }

    /** Puts a buffer back that came from {@link #acquire}. */
    void release(MemorySegment buffer) {
        free.get(exponent(buffer.byteSize())).push(buffer);
    }

    /** Returns the exponent of the smallest power of two that is not below {@code size}. */
    private static int exponent(long size) {
        return Long.SIZE - Long.numberOfLeadingZeros(size - 1);
    }

    /** Frees all memory, also that of buffers in use. */
    @Override
    public void close() {
        arena.close();
    }
}
