package arca.monitor;

import arca.control.Endpoint;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log of what a guest was denied: each thing once, and not without end, for a guest must not fill the log. */
final class Denials {
    private static final Logger LOG = LoggerFactory.getLogger(Denials.class);
    private static final int MOST = 100;

    private record Denial(String what, Endpoint endpoint) {}

    private final String guest;
    private final Set<Denial> logged = new HashSet<>();

    Denials(String guest) {
        this.guest = guest;
    }

    /**
     * Logs a denial, unless it was logged before.
     *
     * @param what {@code connect to} or {@code listen on}
     * @param why with the rule that would allow it
     */
    void log(String what, Endpoint endpoint, String why) {
        if (logged.size() >= MOST || !logged.add(new Denial(what, endpoint))) return;
        LOG.warn("{}: {} {} denied: {}", guest, what, endpoint, why);
        if (logged.size() == MOST) LOG.warn("{}: was denied {} things; no more of them are logged", guest, MOST);
    }
}
