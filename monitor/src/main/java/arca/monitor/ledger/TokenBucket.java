package arca.monitor.ledger;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Limits how often something happens: a token bucket. It fills at a steady rate up to its size, and each event takes a token.
 * It keeps a single number, the time at which the bucket is full again, so it needs no lock and no timer (the generic cell
 * rate algorithm, ITU-T I.371). Any thread.
 */
final class TokenBucket {
    private final LongSupplier clock;
    private final long nanosPerToken;
    private final long size; // in nanoseconds

    /** When the bucket is full again. A time in the past means that it is full. */
    private final AtomicLong fullAt;

    /**
     * Creates a full bucket.
     *
     * @param clock tells the time, as {@link System#nanoTime} does
     * @param nanosPerToken how long it takes until there is one more token, in nanoseconds
     * @param size how many tokens the bucket holds
     */
    TokenBucket(LongSupplier clock, long nanosPerToken, long size) {
        this.clock = clock;
        this.nanosPerToken = nanosPerToken;
        this.size = size * nanosPerToken;
        this.fullAt = new AtomicLong(clock.getAsLong());
    }

    /** Takes a token if there is one. Returns whether there was one. */
    boolean tryTake() {
        long now = clock.getAsLong();
        for (; ; ) {
            long before = fullAt.get();
            long after = later(before, now) + nanosPerToken;
            if (after - now > size) return false;
            if (fullAt.compareAndSet(before, after)) return true;
        }
    }

    /**
     * Takes tokens, also those that the bucket does not have yet.
     *
     * @param tokens how many
     * @return how many nanoseconds the caller must wait until it may use them; 0 if the bucket had them
     */
    long take(long tokens) {
        long now = clock.getAsLong();
        for (; ; ) {
            long before = fullAt.get();
            long after = later(before, now) + tokens * nanosPerToken;
            if (fullAt.compareAndSet(before, after)) return Math.max(0, after - now - size);
        }
    }

    /** Puts tokens back that were taken and not used. */
    void putBack(long tokens) {
        fullAt.addAndGet(-tokens * nanosPerToken);
    }

    /** Returns whether the bucket is full. */
    boolean isFull() {
        return fullAt.get() - clock.getAsLong() <= 0;
    }

    /** Returns the later of two times. Their difference counts, because a time may overflow. */
    private static long later(long a, long b) {
        return a - b > 0 ? a : b;
    }
}
