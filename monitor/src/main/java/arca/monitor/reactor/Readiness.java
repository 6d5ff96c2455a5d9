package arca.monitor.reactor;

/**
 * How a loop learns that a descriptor is ready, edge by edge: what holds when a slot is added or changed is told, once;
 * after that what has come to hold since it was last found to have nothing left. Each slot is one descriptor.
 */
sealed interface Readiness permits EpollReadiness, PollReadiness {
    /** Starts to tell of a descriptor: 0 or {@code -errno}. */
    int add(int slot, int fd, int events, long token);

    /** Changes what is told of a descriptor, and tells anew of what holds now: 0 or {@code -errno}. */
    int modify(int slot, int fd, int events, long token);

    /** Stops; events already waited for may still be told. */
    void remove(int slot, int fd);

    /**
     * Stops, for a descriptor of ours alone that is closed next; events may still be told, too, by the token that they had.
     */
    void forget(int slot);

    /** The descriptor has no more, or no room: the next of these events is wanted. */
    void expect(int slot, int events);

    /**
     * A direction has answered EAGAIN, which does not say on which side. Sees to it that the side that was not ready is
     * told of when it is.
     *
     * @return 0; or, where both sides are ready by now and no event would come, the source's events: run it again
     */
    int blocked(int source, int sink);

    /** Whether the event that says a peer has acknowledged all comes by itself (epoll), or a timer must ask (poll). */
    boolean tellsOfAcknowledgement();

    /** Waits: how many events there are, 0 when the time is over or a signal came, or {@code -errno}. */
    int await(int timeoutMillis);

    /** The token of an event of the last wait. */
    long token(int event);

    /** What happened: {@code EPOLL*}. */
    int events(int event);

    /** Frees what it holds. */
    void close();
}
