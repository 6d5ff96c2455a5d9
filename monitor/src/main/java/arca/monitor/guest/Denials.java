package arca.monitor.guest;

import arca.monitor.observe.GuestEvent;
import arca.monitor.policy.Decision.Denied;
import java.util.HashSet;
import java.util.Set;

/**
 * Reports what a guest was denied: each denial once, and a limited number of them, because a guest must not be able to fill
 * the log. Loop thread only.
 */
final class Denials {
    private static final int MOST = 100;

    private final String guest;
    private final RateLimitedLog log;
    private final Set<Denied> reported = new HashSet<>();

    Denials(String guest, RateLimitedLog log) {
        this.guest = guest;
        this.log = log;
    }

    /** Reports a denial, unless it was reported before. */
    void report(Denied denial) {
        if (reported.size() >= MOST || !reported.add(denial)) return;
        log.report(guest, new GuestEvent.Denied(denial));
        if (reported.size() == MOST) log.report(guest, new GuestEvent.DenialsOmitted(MOST));
    }
}
