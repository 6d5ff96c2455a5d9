package arca.bindings;

import static arca.bindings.Constants.O_CLOEXEC;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.ErrnoException.check;

import java.lang.foreign.Arena;
import java.util.Objects;

/**
 * The one owner of an open descriptor. Whoever holds it closes it; it moves with its {@code Fd}, or as a number by
 * {@link #release}. Once closed or released it never gives its number again, for the kernel may have given that to
 * another file.
 *
 * <p>Not synchronised: one thread at a time. There is no cleaner: an {@code Fd} that is dropped stays open.
 */
public final class Fd implements AutoCloseable {
    private static final int GONE = -1;

    private int value;

    /**
     * Takes ownership of an open descriptor.
     *
     * @param value its number, which nobody else may close
     * @throws IndexOutOfBoundsException if it is negative: an error, not a descriptor
     */
    public Fd(int value) {
        this.value = Objects.checkIndex(value, Integer.MAX_VALUE);
    }

    /**
     * Opens a file, as open(2) with O_CLOEXEC.
     *
     * @param path its path
     * @param flags {@code O_*}
     * @param mode permissions of a file that O_CREAT makes, less the umask
     * @return the open file
     * @throws ErrnoException if it cannot be opened
     */
    public static Fd open(String path, int flags, int mode) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return new Fd(check("open", path, Syscalls.open(arena.allocateFrom(path), flags | O_CLOEXEC, mode)));
        }
    }

    /**
     * The number, on loan for one call.
     *
     * @return a descriptor that stays this owner's
     * @throws IllegalStateException if it was closed or released
     */
    public int value() {
        if (value < 0) throw new IllegalStateException("this descriptor was closed or released");
        return value;
    }

    /**
     * Whether there is still a descriptor here.
     *
     * @return false once closed or released
     */
    public boolean isOpen() {
        return value >= 0;
    }

    /**
     * Gives the descriptor to the caller; this owner is then empty.
     *
     * @return its number, which the caller must close
     * @throws IllegalStateException if it was closed or released
     */
    public int release() {
        int released = value();
        value = GONE;
        return released;
    }

    /**
     * Sets or clears O_NONBLOCK, as fcntl(2) F_SETFL. The flag belongs to the open file, which a duplicate of the
     * descriptor shares.
     *
     * @param nonBlocking whether calls are to answer EAGAIN rather than wait
     * @throws ErrnoException as fcntl(2)
     */
    public void nonBlocking(boolean nonBlocking) throws ErrnoException {
        int flags = check("fcntl F_GETFL", Syscalls.fcntl(value(), Constants.F_GETFL, 0));
        int wanted = nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        check("fcntl F_SETFL", Syscalls.fcntl(value(), Constants.F_SETFL, wanted));
    }

    /**
     * Closes the descriptor, once. What close(2) answers is passed over: the number is free all the same, and for a
     * pipe or socket nobody could act on it.
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
