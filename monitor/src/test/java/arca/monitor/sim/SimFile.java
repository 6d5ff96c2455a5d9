package arca.monitor.sim;

import java.util.ArrayList;
import java.util.List;

/**
 * An open file description: what descriptors name, and messages in flight carry. It is released with the last of them,
 * and so are the watches on it: epoll(7), Q6.
 */
abstract class SimFile {
    /** Key of a wake-up that is for everybody. */
    static final int ANY = -1;

    private final List<SimEpoll.Watch> watches = new ArrayList<>(1);
    private List<Runnable> waiting = new ArrayList<>(1);
    private int references = 1;
    boolean nonBlocking;

    /** What poll(2) would say now: {@code EPOLL*}. */
    abstract int events();

    /** The last reference is gone. */
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

    /** Something has changed that whoever waits for one of these events may want to know. */
    final void wake(int key) {
        for (SimEpoll.Watch watch : watches) watch.woken(key);
        if (waiting.isEmpty()) return;
        List<Runnable> woken = waiting;
        waiting = new ArrayList<>(1);
        woken.forEach(Runnable::run);
    }

    /** Has an actor run, once, at the next change. */
    final void whenWoken(Runnable actor) {
        waiting.add(actor);
    }
}
