package arca.monitor.reactor;

import arca.bindings.ErrnoException;
import arca.bindings.EventFd;

/**
 * An eventfd that wakes a loop. It may be rung at any time, also after it was closed: nothing happens then, whoever has
 * its descriptor's number now. Any thread; write(2) to an eventfd that does not block is all that its lock is held across.
 */
public final class Bell implements AutoCloseable {
    private final EventFd eventfd;
    private final int fd;
    private boolean closed;

    private Bell(EventFd eventfd) {
        this.eventfd = eventfd;
        this.fd = eventfd.fd().value();
    }

    /**
     * Makes one.
     *
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static Bell open() throws ErrnoException {
        return new Bell(EventFd.open());
    }

    /** The descriptor that becomes readable; a loan. */
    public int fd() {
        return fd;
    }

    /** Makes the descriptor readable. */
    public synchronized void ring() {
        if (!closed) eventfd.signal();
    }

    @Override
    public synchronized void close() {
        closed = true;
        eventfd.close();
    }
}
