package arca.bindings;

import static arca.bindings.Constants.EFD_CLOEXEC;
import static arca.bindings.Constants.EFD_NONBLOCK;
import static arca.bindings.ErrnoException.check;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A counter that wakes whoever polls it: eventfd(2). Any thread may {@link #signal}, as long as no other closes it
 * meanwhile; one thread at a time drains it.
 */
public final class EventFd implements AutoCloseable {
    private final Fd fd;
    private final MemorySegment one;
    private final MemorySegment count;

    private EventFd(Fd fd) {
        this.fd = fd;
        Arena arena = Arena.ofAuto(); // read by every thread that signals
        this.one = arena.allocateFrom(ValueLayout.JAVA_LONG, 1).asReadOnly();
        this.count = arena.allocate(ValueLayout.JAVA_LONG);
    }

    /**
     * Makes a counter at 0, non-blocking.
     *
     * @return the counter
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static EventFd open() throws ErrnoException {
        return new EventFd(new Fd(check("eventfd", Syscalls.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))));
    }

    /**
     * The descriptor to poll for POLLIN.
     *
     * @return an owner that closes with this counter
     */
    public Fd fd() {
        return fd;
    }

    /** Adds 1, so that the descriptor becomes readable. A counter that is full is readable already. */
    public void signal() {
        long n = Syscalls.write(fd.value(), one);
        if (n < 0 && n != -Errno.EAGAIN) throw new IllegalStateException("eventfd: " + Errno.describe((int) -n));
    }

    /**
     * Sets the counter back to 0.
     *
     * @return how often it was signalled since the last time
     */
    public long drain() {
        long n = Syscalls.read(fd.value(), count);
        if (n == -Errno.EAGAIN) return 0;
        if (n < 0) throw new IllegalStateException("eventfd: " + Errno.describe((int) -n));
        return count.get(ValueLayout.JAVA_LONG, 0);
    }

    /** Closes the descriptor. */
    @Override
    public void close() {
        fd.close();
    }
}
