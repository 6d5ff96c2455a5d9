package arca.monitor.reactor;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The only way into a loop from another thread: a queue without locks, and a bell that wakes the loop. The eventfd is a
 * loan that must stay open as long as the loop runs; a message that comes later is never run, and its ring is harmless.
 */
public final class Mailbox {
    private final Queue<Runnable> messages = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean rung = new AtomicBoolean();
    private final int eventfd;
    private final Runnable bell;

    /** A mailbox with a bell. */
    public Mailbox(Bell bell) {
        this(bell.fd(), bell::ring);
    }

    /** A mailbox whose bell makes {@code eventfd} readable, as long as anybody may post. */
    public Mailbox(int eventfd, Runnable bell) {
        this.eventfd = eventfd;
        this.bell = bell;
    }

    /** Has the loop run a message in its own thread. Any thread; never waits. */
    public void post(Runnable message) {
        messages.add(message);
        if (rung.compareAndSet(false, true)) bell.run();
    }

    int eventfd() {
        return eventfd;
    }

    /** Runs what was posted; the eventfd was drained before, so that whatever comes from now on rings anew. */
    void deliver() {
        rung.set(false);
        for (Runnable message = messages.poll(); message != null; message = messages.poll()) message.run();
    }
}
