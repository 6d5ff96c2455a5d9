package arca.monitor.guest;

import arca.control.Endpoint;
import arca.monitor.observe.GuestEvent;
import arca.monitor.policy.Decision.Denied;
import arca.monitor.policy.Operation;

/**
 * Reports what a guest was denied: each denial once, and a limited number of them, because a guest must not be able to fill
 * the log. A denial that is not reported allocates nothing here. Loop thread only.
 */
final class Denials {
    private static final int MOST = 100;

    private final GuestLog log;
    private final long[] reported = new long[MOST]; // keys
    private int count;

    Denials(GuestLog log) {
        this.log = log;
    }

    /** Returns whether a denial would be reported: it is new, and there were not too many before. */
    boolean isNew(Operation operation, Endpoint endpoint) {
        if (count == MOST) return false;
        long key = key(operation, endpoint);
        for (int i = 0; i < count; i++) if (reported[i] == key) return false;
        return true;
    }

    /** Reports a denial that {@link #isNew}. */
    void report(Denied denial) {
        reported[count++] = key(denial.operation(), denial.endpoint());
        log.report(new GuestEvent.Denied(denial));
        if (count == MOST) log.report(new GuestEvent.DenialsOmitted(MOST));
    }

    private static long key(Operation operation, Endpoint endpoint) {
        long address = Integer.toUnsignedLong(endpoint.address());
        return address << Integer.SIZE | (long) operation.ordinal() << Short.SIZE | endpoint.port();
    }
}
