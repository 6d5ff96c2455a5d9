package arca.bindings;

import static arca.bindings.Constants.EFD_CLOEXEC;
import static arca.bindings.Constants.EFD_NONBLOCK;
import static arca.bindings.ErrnoException.check;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A counter that wakes the thread that polls it: eventfd(2). Any thread may call {@link #signal}, but not while another
 * thread closes the counter. One thread at a time may call {@link #drain}.
 */
public final class EventFd implements AutoCloseable {
    private final Fd fd;
    private final MemorySegment one;
    private final MemorySegment count;

    private EventFd(Fd fd) {
        this.fd = fd;
        Arena arena = Arena.ofAuto(); // every thread that signals reads it
        this.one = arena.allocateFrom(ValueLayout.JAVA_LONG, 1).asReadOnly();
        this.count = arena.allocate(ValueLayout.JAVA_LONG);
    }

    /**
     * Creates a non-blocking counter with the value 0.
     *
     * @return the counter
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static EventFd open() throws ErrnoException {
        return new EventFd(new Fd(check("eventfd", Syscalls.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))));
    }

    /**
     * Returns the descriptor, which a thread polls for POLLIN.
     *
     * @return the descriptor, which this counter owns
     */
    public Fd fd() {
        return fd;
    }

    /** Adds 1, which makes the descriptor readable. Does nothing if the counter is full: it is readable then. */
    public void signal() {
        long n = Syscalls.write(fd.value(), one);
        if (n < 0 && n != -Errno.EAGAIN)
            throw new IllegalStateException("write to an eventfd: " + Errno.describe((int) -n));
    }

    /**
     * Sets the counter back to 0.
     *
     * @return how many times it was signalled since the last call
     */
    public long drain() {
        long n = Syscalls.read(fd.value(), count);
        if (n == -Errno.EAGAIN) return 0;
        if (n < 0) throw new IllegalStateException("write to an eventfd: " + Errno.describe((int) -n));
        return count.get(ValueLayout.JAVA_LONG, 0);
    }

    /** Closes the descriptor. */
    @Override
    public void close() {
        fd.close();
    }
}
