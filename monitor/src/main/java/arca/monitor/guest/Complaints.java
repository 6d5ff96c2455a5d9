package arca.monitor.guest;

import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log of what guests do wrong. Guests can do it as often as they like, and connect anew to do it again; so all of them
 * together have a number of lines, of which more come with time, and what is beyond is counted. Any thread; nothing waits.
 */
public final class Complaints {
    private static final Logger LOG = LoggerFactory.getLogger(Complaints.class);
    private static final long LINE_NANOS = 500_000_000; // after which there is one line more
    private static final long MOST_NANOS = 100 * LINE_NANOS; // how many lines there may be at once

    /** The time up to which lines are used up: no more than {@link #MOST_NANOS} before now. */
    private final AtomicLong used = new AtomicLong(System.nanoTime() - MOST_NANOS);

    private final AtomicLong leftOut = new AtomicLong();

    /** Logs a warning, unless there were too many lines. */
    public void warn(String guest, String line) {
        if (mayLog()) LOG.warn("{}: {}", guest, line);
    }

    /** Logs what is nobody's fault, unless there were too many lines. */
    void info(String guest, String line) {
        if (mayLog()) LOG.info("{}: {}", guest, line);
    }

    private boolean mayLog() {
        if (!takeLine(System.nanoTime())) {
            leftOut.incrementAndGet();
            return false;
        }
        long before = leftOut.getAndSet(0);
        if (before > 0) LOG.warn("{} lines about guests were left out", before);
        return true;
    }

    /** Whether there is a line at a time; it is used up then. */
    boolean takeLine(long now) {
        for (; ; ) {
            long last = used.get();
            long next = Math.max(last - now, -MOST_NANOS) + now + LINE_NANOS;
            if (next - now > 0) return false;
            if (used.compareAndSet(last, next)) return true;
        }
    }
}
