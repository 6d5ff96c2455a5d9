package arca.bindings;

import java.io.IOException;

/**
 * Reports that a system call failed, to a caller that can act on it. The message names the call, its subject and the
 * error: {@code bind 127.0.0.1:80: EACCES (Permission denied)}.
 */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1;

    /** The error number. */
    private final int errno;

    /**
     * Creates an exception for a failed call.
     *
     * @param call the call's name in its man page, and its subject where that helps
     * @param errno a positive number of {@link Errno}
     */
    public ErrnoException(String call, int errno) {
        super(call + ": " + Errno.describe(errno));
        this.errno = errno;
    }

    /**
     * Returns the error number.
     *
     * @return a positive number of {@link Errno}
     */
    public int errno() {
        return errno;
    }

    /**
     * Throws an exception if a call failed.
     *
     * @param call the call's name in its man page
     * @param result what a method of {@link Syscalls} returned
     * @return {@code result}, if it is not negative
     * @throws ErrnoException if {@code result} is negative
     */
    public static int check(String call, int result) throws ErrnoException {
        if (result < 0) throw new ErrnoException(call, -result);
        return result;
    }

    /**
     * Throws an exception if a call failed.
     *
     * @param call the call's name in its man page
     * @param result what a method of {@link Syscalls} returned
     * @return {@code result}, if it is not negative
     * @throws ErrnoException if {@code result} is negative
     */
    public static long check(String call, long result) throws ErrnoException {
        if (result < 0) throw new ErrnoException(call, (int) -result);
        return result;
    }

    /**
     * Throws an exception if a call failed.
     *
     * @param call the call's name in its man page
     * @param subject what the call was about, such as an address or a path; used only if the call failed
     * @param result what a method of {@link Syscalls} returned
     * @return {@code result}, if it is not negative
     * @throws ErrnoException if {@code result} is negative
     */
    static int check(String call, Object subject, int result) throws ErrnoException {
        if (result < 0) throw new ErrnoException(call + " " + subject, -result);
        return result;
    }
}
