package arca.monitor.observe;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs events as warnings, or as information. */
final class LoggingObserver implements MonitorObserver {
    @Override
    public void guestEvent(String guest, GuestEvent event) {
        // No static field: whoever builds a configuration may set up the logging only after that.
        Logger log = LoggerFactory.getLogger(MonitorObserver.class);
        if (event.isWarning()) log.warn("{}: {}", guest, event);
        else log.info("{}: {}", guest, event);
    }
}
