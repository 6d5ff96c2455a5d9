package arca.monitor.guest;

import arca.monitor.observe.GuestEvent;
import arca.monitor.observe.MonitorObserver;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs what guests do, at a limited rate. A guest can repeat any mistake as often as it likes, and can connect again
 * after each. So all guests of a monitor share one limit: 100 lines at once, then two per second. Lines beyond the
 * limit are counted and left out. Any thread; nothing waits.
 */
public final class RateLimitedLog {
    private static final Logger LOG = LoggerFactory.getLogger(RateLimitedLog.class);
    private static final long NANOS_PER_LINE = 500_000_000;
    private static final long BURST_NANOS = 100 * NANOS_PER_LINE; // how much unused time is kept

    /** The time that the lines have used up: each uses up some. At most {@link #BURST_NANOS} before now are unused. */
    private final AtomicLong usedUntil = new AtomicLong(System.nanoTime() - BURST_NANOS);

    private final AtomicLong leftOut = new AtomicLong();
    private final MonitorObserver observer;

    /** Creates a log. */
    RateLimitedLog(MonitorObserver observer) {
        this.observer = observer;
    }

    /**
     * Reports an event to the observer, unless the limit is reached. If the observer throws, that is logged: it
     * must not end the thread of a guest, of the acceptor or of the watchdog.
     *
     * @return whether the limit had room
     */
    public boolean report(String guest, GuestEvent event) {
        if (!mayLog()) return false;
        try {
            observer.guestEvent(guest, event);
        } catch (RuntimeException e) {
            LOG.error("{}: the observer failed at this event: {}", guest, event, e);
        }
        return true;
    }

    /** Logs a warning about a guest, unless the limit is reached. */
    public void warn(String guest, String line) {
        if (mayLog()) LOG.warn("{}: {}", guest, line);
    }

    private boolean mayLog() {
        if (!tryAcquire(System.nanoTime())) {
            leftOut.incrementAndGet();
            return false;
        }
        long before = leftOut.getAndSet(0);
        if (before > 0) LOG.warn("{} lines about guests were left out: there were too many at once", before);
        return true;
    }

    /**
     * Takes one line from the limit. Returns false if none is left.
     *
     * @param now the time, by {@link System#nanoTime}
     */
    boolean tryAcquire(long now) {
        for (; ; ) {
            long last = usedUntil.get();
            long next = Math.max(last - now, -BURST_NANOS) + now + NANOS_PER_LINE;
            if (next - now > 0) return false;
            if (usedUntil.compareAndSet(last, next)) return true;
        }
    }
}
