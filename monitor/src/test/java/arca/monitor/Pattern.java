package arca.monitor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/** A stream of bytes that a seed decides. Any part of it can be made or checked by its position. */
final class Pattern {
    static final int MOST = 64 * 1024; // bytes made or checked at a time

    private static final int PERIOD = 65_521; // a prime: no buffer's size is a multiple of it

    private final MemorySegment block;

    Pattern(long seed) {
        byte[] bytes = new byte[PERIOD + MOST];
        new SplittableRandom(seed).nextBytes(bytes);
        for (int i = PERIOD; i < bytes.length; i++) bytes[i] = bytes[i - PERIOD];
        this.block = MemorySegment.ofArray(bytes);
    }

    /** Makes the part that begins at {@code position}. */
    void make(MemorySegment into, long position, long count) {
        MemorySegment.copy(block, position % PERIOD, into, 0, count);
    }

    /** Fails unless these bytes are the part that begins at {@code position}. */
    void check(MemorySegment bytes, long position, long count) {
        long at = position % PERIOD;
        long wrong = MemorySegment.mismatch(bytes, 0, count, block, at, at + count);
        if (wrong >= 0) {
            throw new AssertionError("byte " + (position + wrong) + " is "
                    + bytes.get(ValueLayout.JAVA_BYTE, wrong) + ", not "
                    + block.get(ValueLayout.JAVA_BYTE, at + wrong));
        }
    }
}
