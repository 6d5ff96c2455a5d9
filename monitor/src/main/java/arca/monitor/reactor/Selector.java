package arca.monitor.reactor;

/**
 * Waits for events of many descriptors, and reports each event once ("edge-triggered"). When a slot is added or
 * modified, the events that hold at that time are reported; after that, an event is reported when it begins to hold
 * again after the handler has found nothing left. A slot is the reactor's number for one watched descriptor. Loop
 * thread only.
 */
sealed interface Selector permits EpollSelector, PollSelector {
    /**
     * Starts to watch a descriptor.
     *
     * @param events {@code EPOLL*} that may be reported; ERR and HUP always are
     * @param token what {@link #token} returns for the descriptor's events
     * @return 0 or {@code -errno}
     */
    int add(int slot, int fd, int events, long token);

    /**
     * Changes the events of a watched descriptor, and reports again those that hold now.
     *
     * @return 0 or {@code -errno}
     */
    int modify(int slot, int fd, int events, long token);

    /** Stops watching a descriptor. Events that the last wait found may still be reported. */
    void remove(int slot, int fd);

    /**
     * Stops watching a descriptor that the caller closes next. Events may still be reported, with the token that they
     * had: those that the last wait found, and later ones while another process has the same file open.
     */
    void forget(int slot);

    /** Asks for the next of these events: the handler has found nothing left to read, or no room to write. */
    void expect(int slot, int events);

    /**
     * Asks for the next event that lets a direction continue. Moving bytes from {@code source} to {@code sink} has
     * answered EAGAIN, which does not say which of the two was not ready.
     *
     * @return 0; or the source's events if both are ready by now, so that no event would come: the caller tries again
     */
    int blocked(int source, int sink);

    /**
     * Returns whether an event reports that the peer has acknowledged everything, as with epoll. If not, as with poll,
     * the caller asks by a timer.
     */
    boolean reportsAcknowledgement();

    /**
     * Returns whether an event that still holds is reported again at once when a handler asks for it. It is with poll;
     * epoll reports it after a change.
     */
    boolean reportsUnchanged();

    /**
     * Waits for events.
     *
     * @param timeoutMillis the longest wait; 0 does not wait, -1 waits without end
     * @return the number of events, 0 after the timeout or a signal, or {@code -errno}
     */
    int await(int timeoutMillis);

    /** Returns the token of an event of the last wait, counted from 0. */
    long token(int event);

    /** Returns what happened, {@code EPOLL*}, in an event of the last wait. */
    int events(int event);

    /** Closes the descriptors that the selector has opened itself. */
    void close();
}
