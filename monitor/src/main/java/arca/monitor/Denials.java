package arca.monitor;

import java.util.HashSet;
import java.util.Set;

/** The log of what a guest was denied: each thing once, and not without end, for a guest must not fill the log. */
final class Denials {
    private static final int MOST = 100;

    private final String guest;
    private final Complaints complaints;
    private final Set<String> logged = new HashSet<>();

    Denials(String guest, Complaints complaints) {
        this.guest = guest;
        this.complaints = complaints;
    }

    /** Logs a denial, with the rule that would allow it, unless it was logged before. */
    void log(String denial) {
        if (logged.size() >= MOST || !logged.add(denial)) return;
        complaints.warn(guest, denial);
        if (logged.size() == MOST) complaints.warn(guest, "was denied " + MOST + " things; no more of them are logged");
    }
}
