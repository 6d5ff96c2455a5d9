package arca.monitor.guest;

import arca.bindings.Errno;
import arca.control.Endpoint;
import java.util.HashSet;
import java.util.Set;

/** The log of what a guest was denied: each thing once, and not without end, for a guest must not fill the log. */
final class Denials {
    private static final int MOST = 100;

    private final String guest;
    private final RateLimitedLog complaints;
    private final Set<String> logged = new HashSet<>();

    Denials(String guest, RateLimitedLog complaints) {
        this.guest = guest;
        this.complaints = complaints;
    }

    /** Says that it cannot be told whether an address is the host's own, and so a guest may not connect to it. */
    static String unknown(Endpoint to, int errno) {
        return "connect to " + to + " denied: the kernel does not say whether this is an address of the host itself: "
                + Errno.describe(errno) + " (rtnetlink(7)); a rule for this address alone needs no answer";
    }

    /** Logs a denial, with the rule that would allow it, unless it was logged before. */
    void log(String denial) {
        if (logged.size() >= MOST || !logged.add(denial)) return;
        complaints.warn(guest, denial);
        if (logged.size() == MOST) complaints.warn(guest, "was denied " + MOST + " things; no more of them are logged");
    }
}
