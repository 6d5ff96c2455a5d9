package arca.monitor.guest;

import arca.monitor.ledger.Principal;
import arca.monitor.observe.GuestEvent;
import java.util.function.Supplier;

/**
 * Logs what one guest does, as far as the limits of {@link RateLimitedLog} have room. Any thread; nothing waits.
 *
 * @param guest the guest's name
 * @param user whose guest it is
 */
public record GuestLog(RateLimitedLog log, String guest, Principal user) {
    /**
     * Reports an event to the observer, unless a limit is reached. If the observer throws, that is logged: it must not end
     * the thread of a guest, of the acceptor or of the watchdog.
     *
     * @return whether the limits had room
     */
    public boolean report(GuestEvent event) {
        return log.report(guest, user, event);
    }

    /**
     * Logs a warning, unless a limit is reached.
     *
     * @param line its text; asked for only if there is room
     */
    public void warn(Supplier<String> line) {
        log.warn(guest, user, line);
    }
}
