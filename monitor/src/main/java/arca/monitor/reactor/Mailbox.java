package arca.monitor.reactor;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Carries messages from other threads to a loop, and is the only way to do so: a queue without locks, and a waker.
 *
 * <p>The eventfd belongs to the caller, who keeps it open as long as the loop runs. A message that is posted after the
 * loop has ended is never run.
 */
public final class Mailbox {
    private final Queue<Runnable> messages = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean wakeUpPending = new AtomicBoolean();
    private final int eventfd;
    private final Runnable wakeUp;

    /** Creates a mailbox whose loop this waker wakes. */
    public Mailbox(Waker waker) {
        this(waker.fd(), waker::wake);
    }

    /**
     * Creates a mailbox.
     *
     * @param eventfd the descriptor that the loop watches
     * @param wakeUp makes {@code eventfd} readable; any thread may run it, as long as any thread may post
     */
    public Mailbox(int eventfd, Runnable wakeUp) {
        this.eventfd = eventfd;
        this.wakeUp = wakeUp;
    }

    /** Makes the loop run a message in its own thread. Any thread; never waits. */
    public void post(Runnable message) {
        messages.add(message);
        if (wakeUpPending.compareAndSet(false, true)) wakeUp.run();
    }

    int eventfd() {
        return eventfd;
    }

    /**
     * Runs the messages that were posted. The loop has read the eventfd before, so a message that is posted from now on
     * makes it readable again. Loop thread only.
     */
    void deliver() {
        wakeUpPending.set(false);
        for (Runnable message = messages.poll(); message != null; message = messages.poll()) message.run();
    }
}
