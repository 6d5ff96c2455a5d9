package arca.bindings;

import static arca.bindings.Constants.O_CLOEXEC;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.ErrnoException.check;

import java.lang.foreign.Arena;
import java.util.Objects;

/**
 * The only owner of an open descriptor. Code that holds an {@code Fd} must close it. Ownership moves when the {@code
 * Fd} is passed on, or when {@link #release} gives the number away. A closed or released {@code Fd} never returns its
 * number again: the kernel may have given that number to another file.
 *
 * <p>An {@code Fd} is not synchronised: one thread at a time may use it. There is no cleaner: if nobody closes an
 * {@code Fd}, the descriptor stays open.
 */
public final class Fd implements AutoCloseable {
    private static final int GONE = -1;

    private int value;

    /**
     * Takes ownership of an open descriptor.
     *
     * @param value its number; nobody else may close it
     * @throws IndexOutOfBoundsException if it is negative, which is an error and not a descriptor
     */
    public Fd(int value) {
        this.value = Objects.checkIndex(value, Integer.MAX_VALUE);
    }

    /**
     * Opens a file: open(2), with O_CLOEXEC.
     *
     * @param path the file's path
     * @param flags {@code O_*}
     * @param mode permissions of a file that O_CREAT creates; the umask removes some
     * @return the open file, which the caller owns
     * @throws ErrnoException if it cannot be opened
     */
    public static Fd open(String path, int flags, int mode) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return new Fd(check("open", path, Syscalls.open(arena.allocateFrom(path), flags | O_CLOEXEC, mode)));
        }
    }

    /**
     * Returns the number, for use in one call.
     *
     * @return the descriptor, which this object still owns
     * @throws IllegalStateException if it was closed or released
     */
    public int value() {
        if (value < 0) throw new IllegalStateException("this descriptor was closed or released");
        return value;
    }

    /**
     * Returns whether this object owns a descriptor.
     *
     * @return false after it was closed or released
     */
    public boolean isOpen() {
        return value >= 0;
    }

    /**
     * Gives the descriptor to the caller. This object owns nothing afterwards.
     *
     * @return the number, which the caller must close
     * @throws IllegalStateException if it was closed or released
     */
    public int release() {
        int released = value();
        value = GONE;
        return released;
    }

    /**
     * Sets or clears O_NONBLOCK: fcntl(2), F_SETFL. The flag belongs to the open file, so it changes for every
     * duplicate of the descriptor too.
     *
     * @param nonBlocking true if calls must fail with EAGAIN instead of waiting
     * @throws ErrnoException as fcntl(2)
     */
    public void nonBlocking(boolean nonBlocking) throws ErrnoException {
        int flags = check("fcntl F_GETFL", Syscalls.fcntl(value(), Constants.F_GETFL, 0));
        int wanted = nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        check("fcntl F_SETFL", Syscalls.fcntl(value(), Constants.F_SETFL, wanted));
    }

    /**
     * Closes the descriptor, once: close(2). The call's result is ignored: the kernel frees the number in any case, and
     * for a pipe or a socket nobody could act on an error.
     */
    @Override
    public void close() {
        if (isOpen()) Syscalls.close(release());
    }

    @Override
    public String toString() {
        return isOpen() ? "fd " + value : "closed fd";
    }
}
