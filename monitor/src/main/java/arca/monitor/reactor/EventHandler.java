package arca.monitor.reactor;

/** Handles the events of descriptors that a loop watches. */
@FunctionalInterface
public interface EventHandler {
    /**
     * Handles an event. The handler works until a call answers EAGAIN, and takes the event as a hint: the call may find
     * nothing. Data may still be unread when HUP, RDHUP or ERR is reported.
     *
     * @param descriptor the descriptor that has the event
     * @param events {@code EPOLL*}
     */
    void ready(Descriptor descriptor, int events);
}
