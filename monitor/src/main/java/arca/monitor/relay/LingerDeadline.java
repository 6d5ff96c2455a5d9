package arca.monitor.relay;

/**
 * Decides how long a relay waits for its peer, once the guest is gone. The peer may acknowledge nothing for the linger time. It
 * must also acknowledge {@value #LEAST_RATE} bytes per second on average, after a first linger time. So what is left in the
 * buffers decides how long a slow peer can keep a connection. Reads no clock. For the loop's thread only.
 */
final class LingerDeadline {
    static final long LEAST_RATE = 1024; // bytes per second

    private static final long NANOS_PER_BYTE = 1_000_000_000 / LEAST_RATE;

    private final long linger;
    private final long start;
    private final long acknowledgedAtStart;
    private long acknowledged;
    private long lastAt;

    /**
     * Creates a deadline.
     *
     * @param linger the linger time, in nanoseconds
     * @param now the time, by {@link System#nanoTime}
     * @param acknowledged bytes that the peer has acknowledged; only its growth has a meaning
     */
    LingerDeadline(long linger, long now, long acknowledged) {
        this.linger = linger;
        this.start = now;
        this.lastAt = now;
        this.acknowledgedAtStart = acknowledged;
        this.acknowledged = acknowledged;
    }

    /** Notes what the peer has acknowledged until now. Returns how many nanoseconds are left; 0 or less if the time is over. */
    long left(long now, long acknowledgedNow) {
        if (acknowledgedNow > acknowledged) {
            acknowledged = acknowledgedNow;
            lastAt = now;
        }
        long byRate = linger + (acknowledged - acknowledgedAtStart) * NANOS_PER_BYTE - (now - start);
        return Math.min(linger - silence(now), byRate);
    }

    /** Returns for how many nanoseconds the peer has acknowledged nothing. */
    long silence(long now) {
        return now - lastAt;
    }
}
