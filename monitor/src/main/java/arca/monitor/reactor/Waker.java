package arca.monitor.reactor;

import arca.bindings.ErrnoException;
import arca.bindings.EventFd;

/**
 * Wakes a loop that waits, by an eventfd. Every method may be called by any thread.
 *
 * <p>A call of {@link #wake} after {@link #close} does nothing, so it cannot reach another file that has the
 * descriptor's number by then. The lock is held across write(2) alone, and a write to this eventfd does not block.
 */
public final class Waker implements AutoCloseable {
    private final EventFd eventfd;
    private final int fd;
    private boolean closed;

    private Waker(EventFd eventfd) {
        this.eventfd = eventfd;
        this.fd = eventfd.fd().value();
    }

    /**
     * Opens an eventfd.
     *
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static Waker open() throws ErrnoException {
        return new Waker(EventFd.open());
    }

    /** Returns the descriptor that {@link #wake} makes readable. It remains the waker's. */
    public int fd() {
        return fd;
    }

    /** Makes the descriptor readable; does nothing after {@link #close}. */
    public synchronized void wake() {
        if (!closed) eventfd.signal();
    }

    @Override
    public synchronized void close() {
        closed = true;
        eventfd.close();
    }
}
