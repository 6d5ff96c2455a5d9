package arca.monitor.relay;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Hands out buffers in native memory, within a {@link MemoryBudget}. The size of each is a power of two. The pool keeps one
 * free buffer of each size for the next caller, and frees the others. So a relay that blocks again and again allocates
 * nothing. For the thread that makes it.
 */
final class BufferPool implements AutoCloseable {
    /** Bytes. A buffer of at most this size is always granted, and is not counted. A flow needs one at most. */
    static final int PAGE = 4096;

    private static final int SIZES = 31;

    private final MemoryBudget budget;
    private final Buffer[] free = new Buffer[SIZES]; // by exponent; null if none is free
    private int inUse;

    /** A part of native memory. It belongs to whoever has acquired it. */
    record Buffer(MemorySegment memory, Arena arena) {
        /** No buffer: the budget has no room for one. */
        static final Buffer NONE = new Buffer(MemorySegment.NULL, Arena.global());

        long size() {
            return memory.byteSize();
        }
    }

    BufferPool(MemoryBudget budget) {
        this.budget = budget;
    }

    /**
     * Takes a buffer out of the pool. The caller must {@link #release} it.
     *
     * @param size bytes that the buffer holds at least; 1 or more
     * @return the buffer, or {@link Buffer#NONE} if the budget has no room
     */
    Buffer acquire(long size) {
        int exponent = exponent(size);
        Buffer buffer = free[exponent];
        if (buffer == null) buffer = allocate(1L << exponent);
        if (buffer == Buffer.NONE) return buffer;
        free[exponent] = null;
        inUse++;
        return buffer;
    }

    private Buffer allocate(long size) {
        if (size > PAGE && !budget.take(size)) return Buffer.NONE;
        Arena arena = Arena.ofConfined();
        return new Buffer(arena.allocate(size), arena);
    }

    /** Puts a buffer back that came from {@link #acquire}. */
    void release(Buffer buffer) {
        inUse--;
        int exponent = exponent(buffer.size());
        if (free[exponent] == null) free[exponent] = buffer;
        else free(buffer);
    }

    private void free(Buffer buffer) {
        long size = buffer.size(); // asked before its memory is gone
        buffer.arena().close();
        if (size > PAGE) budget.give(size);
    }

    /** Returns the exponent of the smallest power of two that is not below {@code size}. */
    private static int exponent(long size) {
        return Long.SIZE - Long.numberOfLeadingZeros(size - 1);
    }

    /** Frees all memory. No buffer may be in use. */
    @Override
    public void close() {
        assert inUse == 0 : inUse + " buffers are in use";
        for (int i = 0; i < SIZES; i++) {
            if (free[i] != null) free(free[i]);
            free[i] = null;
        }
    }
}
