package arca.monitor.reactor;

/** What a loop calls when a descriptor that it watches has an event. */
@FunctionalInterface
public interface EventHandler {
    /**
     * Something happened: go on until nothing is left, and never take an event for more than a hint. HUP, RDHUP and ERR do
     * not say that nothing is left to be read.
     *
     * @param descriptor which of the handler's descriptors it happened to
     * @param events {@code EPOLL*}
     */
    void ready(Descriptor descriptor, int events);
}
