package arca.monitor.sim;

import java.util.ArrayList;
import java.util.List;

/**
 * An open file description: open(2). Descriptors, and messages that carry descriptors, refer to it. When the last
 * reference is dropped, it is released, and epoll's watches on it end: epoll(7), Q6.
 */
abstract class SimFile {
    /** The key of a wake-up that concerns every event. */
    static final int ANY = -1;

    private final List<SimEpoll.Watch> watches = new ArrayList<>(1);
    private List<Runnable> waiting = new ArrayList<>(1);
    private int references = 1;
    boolean nonBlocking;

    /** Returns the events that poll(2) would report now: {@code EPOLL*}. */
    abstract int events();

    /** Called when the last reference has been dropped. */
    abstract void released();

    final void refer() {
        references++;
    }

    final void drop() {
        if (--references > 0) return;
        for (SimEpoll.Watch watch : List.copyOf(watches)) watch.end();
        released();
    }

    final boolean isOpen() {
        return references > 0;
    }

    final List<SimEpoll.Watch> watches() {
        return watches;
    }

    /** Wakes those that wait for any of these events: the state of the file has changed. */
    final void wake(int key) {
        for (SimEpoll.Watch watch : watches) watch.woken(key);
        if (waiting.isEmpty()) return;
        List<Runnable> woken = waiting;
        waiting = new ArrayList<>(1);
        woken.forEach(Runnable::run);
    }

    /** Runs an actor once, at the next wake-up. */
    final void whenWoken(Runnable actor) {
        waiting.add(actor);
    }
}
