package arca.monitor.observe;

/**
 * Is told what an operator may want to know. The threads of the acceptor, the watchdog and the guests call it, several at a
 * time. It must return at once: a guest waits for it. How often it is called is limited, so that no guest can flood it. What it
 * throws is logged.
 */
@FunctionalInterface
public interface MonitorObserver {
    /** Logs each event. */
    MonitorObserver LOGGING = new LoggingObserver();

    /**
     * Handles an event.
     *
     * @param guest the guest's name, such as {@code g7}
     * @param event what happened
     */
    void guestEvent(String guest, GuestEvent event);
}
