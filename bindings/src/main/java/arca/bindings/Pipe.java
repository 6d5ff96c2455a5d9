package arca.bindings;

import static arca.bindings.Constants.F_GETPIPE_SZ;
import static arca.bindings.Constants.F_SETPIPE_SZ;
import static arca.bindings.Constants.O_CLOEXEC;
import static arca.bindings.ErrnoException.check;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The two ends of a kernel pipe: pipe(7). One thread at a time; each end may be closed or released by itself. */
public final class Pipe implements AutoCloseable {
    private final Fd reader;
    private final Fd writer;

    private Pipe(Fd reader, Fd writer) {
        this.reader = reader;
        this.writer = writer;
    }

    /**
     * Makes a pipe of the kernel's default capacity, as pipe2(2) with O_CLOEXEC.
     *
     * @param flags {@code O_NONBLOCK} of both ends, {@code O_DIRECT}, or 0
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
     * Makes a pipe of a given capacity.
     *
     * @param flags {@code O_NONBLOCK} of both ends, {@code O_DIRECT}, or 0
     * @param capacity bytes, which the kernel rounds up: {@link #capacity()} tells
     * @return the pipe
     * @throws ErrnoException EMFILE or ENFILE at a limit, EPERM where the user's pipes may not take so much
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
     * The end to read from.
     *
     * @return an owner that closes with this pipe, unless released
     */
    public Fd reader() {
        return reader;
    }

    /**
     * The end to write to.
     *
     * @return an owner that closes with this pipe, unless released
     */
    public Fd writer() {
        return writer;
    }

    /**
     * What write(2) can put in before it blocks, as fcntl(2) F_GETPIPE_SZ. The kernel counts slots, each a page or a
     * part of one, so spliced bytes may be fewer or more.
     *
     * @return bytes
     * @throws ErrnoException as fcntl(2)
     */
    public int capacity() throws ErrnoException {
        return check("fcntl F_GETPIPE_SZ", Syscalls.fcntl(anEnd(), F_GETPIPE_SZ, 0));
    }

    /**
     * Asks for another capacity, as fcntl(2) F_SETPIPE_SZ.
     *
     * @param bytes the least it should hold; rounded up to a power of two of pages
     * @return bytes it holds now
     * @throws ErrnoException EBUSY if more is queued than would fit, EPERM where the user's pipes may not take so much
     */
    public int capacity(int bytes) throws ErrnoException {
        return check("fcntl F_SETPIPE_SZ", bytes + " bytes", Syscalls.fcntl(anEnd(), F_SETPIPE_SZ, bytes));
    }

    private int anEnd() {
        return writer.isOpen() ? writer.value() : reader.value();
    }

    /** Closes what is still open of both ends. */
    @Override
    public void close() {
        reader.close();
        writer.close();
    }
}
