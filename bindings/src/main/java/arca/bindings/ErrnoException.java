package arca.bindings;

import java.io.IOException;

/**
 * A system call that failed, where somebody can act on it. Its message names the call, what it was about, and
 * the error: {@code bind 127.0.0.1:80: EACCES (Permission denied)}.
 */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1;

    /** The error number. */
    private final int errno;

    /**
     * An exception for a failed call.
     *
     * @param call the man page's name of the call, and what it was about where that helps
     * @param errno a positive number of {@link Errno}
     */
    public ErrnoException(String call, int errno) {
        super(call + ": " + Errno.describe(errno));
        this.errno = errno;
    }

    /**
     * The error number.
     *
     * @return a positive number of {@link Errno}
     */
    public int errno() {
        return errno;
    }

    /**
     * Makes an exception of a failure.
     *
     * @param call the man page's name of the call
     * @param result what a method of {@link Syscalls} answered
     * @return {@code result}, where it is no failure
     * @throws ErrnoException if {@code result} is negative
     */
    public static int check(String call, int result) throws ErrnoException {
        if (result < 0) throw new ErrnoException(call, -result);
        return result;
    }

    /**
     * Makes an exception of a failure.
     *
     * @param call the man page's name of the call
     * @param result what a method of {@link Syscalls} answered
     * @return {@code result}, where it is no failure
     * @throws ErrnoException if {@code result} is negative
     */
    public static long check(String call, long result) throws ErrnoException {
        if (result < 0) throw new ErrnoException(call, (int) -result);
        return result;
    }

    /**
     * Makes an exception of a failure.
     *
     * @param call the man page's name of the call
     * @param subject what it was about: an address, a path; put into words only on failure
     * @param result what a method of {@link Syscalls} answered
     * @return {@code result}, where it is no failure
     * @throws ErrnoException if {@code result} is negative
     */
    static int check(String call, Object subject, int result) throws ErrnoException {
        if (result < 0) throw new ErrnoException(call + " " + subject, -result);
        return result;
    }
}
