package arca.monitor.guest;

import arca.monitor.ledger.Principal;
import arca.monitor.observe.GuestEvent;
import arca.monitor.observe.MonitorObserver;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs what guests do, at a limited rate. A guest can repeat any mistake as often as it likes, and can connect again
 * after each. So the lines about all guests, and about those of one user, have limits in the ledger. Lines beyond a
 * limit are counted and left out. Any thread; nothing waits.
 */
public final class RateLimitedLog {
    private static final Logger LOG = LoggerFactory.getLogger(RateLimitedLog.class);

    private final AtomicLong leftOut = new AtomicLong();
    private final MonitorObserver observer;

    /** Creates a log. */
    RateLimitedLog(MonitorObserver observer) {
        this.observer = observer;
    }

    /** Returns the log of one guest. */
    public GuestLog of(String guest, Principal user) {
        return new GuestLog(this, guest, user);
    }

    /** Reports an event. See {@link GuestLog#report}. */
    boolean report(String guest, Principal user, GuestEvent event) {
        if (!mayLog(user)) return false;
        try {
            observer.guestEvent(guest, event);
        } catch (RuntimeException e) {
            LOG.error("{}: the observer failed at this event: {}", guest, event, e);
        }
        return true;
    }

    /** Logs a warning. See {@link GuestLog#warn}. */
    void warn(String guest, Principal user, Supplier<String> line) {
        if (mayLog(user)) LOG.warn("{}: {}", guest, line.get());
    }

    private boolean mayLog(Principal user) {
        if (!user.takeLogLine()) {
            leftOut.incrementAndGet();
            return false;
        }
        long before = leftOut.getAndSet(0);
        if (before > 0) LOG.warn("{} lines about guests were left out: there were too many at once", before);
        return true;
    }
}
