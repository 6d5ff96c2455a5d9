package arca.monitor;

import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log of what a guest was denied: each thing once, and not without end, for a guest must not fill the log. */
final class Denials {
    private static final Logger LOG = LoggerFactory.getLogger(Denials.class);
    private static final int MOST = 100;

    private final String guest;
    private final Set<String> logged = new HashSet<>();

    Denials(String guest) {
        this.guest = guest;
    }

    /** Logs a denial, with the rule that would allow it, unless it was logged before. */
    void log(String denial) {
        if (logged.size() >= MOST || !logged.add(denial)) return;
        LOG.warn("{}: {}", guest, denial);
        if (logged.size() == MOST) LOG.warn("{}: was denied {} things; no more of them are logged", guest, MOST);
    }
}
