package arca.bindings;

import static arca.bindings.Constants.F_GETPIPE_SZ;
import static arca.bindings.Constants.F_SETPIPE_SZ;
import static arca.bindings.Constants.O_CLOEXEC;
import static arca.bindings.ErrnoException.check;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The two ends of a kernel pipe: pipe(7). One thread at a time may use it. Each end can be closed or released without
 * the other.
 */
public final class Pipe implements AutoCloseable {
    private final Fd reader;
    private final Fd writer;

    private Pipe(Fd reader, Fd writer) {
        this.reader = reader;
        this.writer = writer;
    }

    /**
     * Creates a pipe of the kernel's default capacity: pipe2(2), with O_CLOEXEC.
     *
     * @param flags {@code O_NONBLOCK} for both ends, {@code O_DIRECT}, or 0
     * @return the pipe
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static Pipe open(int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
            check("pipe2", Syscalls.pipe2(ends, flags | O_CLOEXEC));
            return new Pipe(
                    new Fd(ends.getAtIndex(ValueLayout.JAVA_INT, 0)), new Fd(ends.getAtIndex(ValueLayout.JAVA_INT, 1)));
        }
    }

    /**
     * Creates a pipe of a given capacity: pipe2(2), with O_CLOEXEC, and fcntl(2), F_SETPIPE_SZ.
     *
     * @param flags {@code O_NONBLOCK} for both ends, {@code O_DIRECT}, or 0
     * @param capacity bytes. The kernel rounds up; {@link #capacity()} returns the result
     * @return the pipe
     * @throws ErrnoException EMFILE or ENFILE at a limit, EPERM if the user's pipes would exceed their limit
     */
    public static Pipe open(int flags, int capacity) throws ErrnoException {
        Pipe pipe = open(flags);
        try {
            pipe.capacity(capacity);
            return pipe;
        } catch (ErrnoException e) {
            pipe.close();
            throw e;
        }
    }

    /**
     * Returns the end to read from.
     *
     * @return the read end, which this pipe owns until it is released
     */
    public Fd reader() {
        return reader;
    }

    /**
     * Returns the end to write to.
     *
     * @return the write end, which this pipe owns until it is released
     */
    public Fd writer() {
        return writer;
    }

    /**
     * Returns how many bytes write(2) can put in before it blocks: fcntl(2), F_GETPIPE_SZ. The kernel counts slots, and
     * a spliced slot can hold less or more than a page. So splice(2) can put in fewer or more bytes.
     *
     * @return the capacity in bytes
     * @throws ErrnoException as fcntl(2)
     */
    public int capacity() throws ErrnoException {
        return check("fcntl F_GETPIPE_SZ", Syscalls.fcntl(anEnd(), F_GETPIPE_SZ, 0));
    }

    /**
     * Sets the capacity: fcntl(2), F_SETPIPE_SZ.
     *
     * @param bytes the capacity; the kernel rounds up to a power of two of pages
     * @return the new capacity in bytes
     * @throws ErrnoException EBUSY if the queued bytes would not fit, EPERM if the user's pipes would exceed their
     *     limit
     */
    public int capacity(int bytes) throws ErrnoException {
        return check("fcntl F_SETPIPE_SZ", bytes + " bytes", Syscalls.fcntl(anEnd(), F_SETPIPE_SZ, bytes));
    }

    private int anEnd() {
        return writer.isOpen() ? writer.value() : reader.value();
    }

    /** Closes each end that is still open. */
    @Override
    public void close() {
        reader.close();
        writer.close();
    }
}
