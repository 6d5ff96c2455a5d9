package arca.bindings;

import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import arca.bindings.Linkage.CallState;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A C function that makes a system call, linked so that it returns its result or {@code -errno}. EINTR is retried
 * here and nowhere else.
 *
 * <p>Every function is linked with the same type: six longs and a segment. The ABIs of x86-64 and aarch64 pass each
 * integer and each pointer in a register of its own, and a function ignores what it has no parameter for (musl makes
 * its own calls so, in {@code __syscall_cp}). One type has two uses. The linker generates code once, not once for
 * each type. And the retry can be written once. {@code DowncallTest} compares each function with its C declaration.
 *
 * <p>The segment holds memory that a long points into. The linker checks that it is native and that this thread may
 * use it, and keeps its arena open until the call returns.
 *
 * <p>A record, because the JIT compiler takes the fields of a constant record for constants: it then inlines the call.
 *
 * @param name the function's name in the C library
 * @param returnsInt whether the function returns an int; otherwise it returns a long
 * @param function the linked function
 */
record Downcall(String name, boolean returnsInt, MethodHandle function) {
    private static final FunctionDescriptor TYPE =
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS);

    /** Links a function that returns an int. If the C library lacks it, every call returns {@code -ENOSYS}. */
    static Downcall ofInt(String name, Linker.Option... options) {
        return new Downcall(name, true, Linkage.capturingErrno(name, TYPE, options));
    }

    /** Links a function that returns a long. If the C library lacks it, every call returns {@code -ENOSYS}. */
    static Downcall ofLong(String name) {
        return new Downcall(name, false, Linkage.capturingErrno(name, TYPE));
    }

    /** Calls the function once, with up to three arguments that point to no memory of a caller. */
    long call(long a, long b, long c) {
        return call(a, b, c, 0, 0, 0, NULL);
    }

    /** Calls the function once, with up to three arguments of which one points into {@code memory}. */
    long call(long a, long b, long c, MemorySegment memory) {
        return call(a, b, c, 0, 0, 0, memory);
    }

    /** Calls the function once, with up to six arguments of which one may point into {@code memory}. */
    long call(long a, long b, long c, long d, long e, long f, MemorySegment memory) {
        CallState state = Linkage.callState();
        try {
            long n = (long) function.invokeExact(state.errno, a, b, c, d, e, f, memory);
            return Linkage.result(returnsInt ? (int) n : n, state); // an int leaves half of its register undefined
        } catch (Throwable thrown) {
            throw Linkage.unexpected(thrown);
        }
    }

    /** Does what {@link #call(long, long, long)} does, again after each EINTR. */
    long retry(long a, long b, long c) {
        return retry(a, b, c, 0, 0, 0, NULL);
    }

    /** Does what {@link #call(long, long, long, MemorySegment)} does, again after each EINTR. */
    long retry(long a, long b, long c, MemorySegment memory) {
        return retry(a, b, c, 0, 0, 0, memory);
    }

    /** Does what {@link #call(long, long, long, long, long, long, MemorySegment)} does, again after each EINTR. */
    long retry(long a, long b, long c, long d, long e, long f, MemorySegment memory) {
        long n;
        do {
            n = call(a, b, c, d, e, f, memory);
        } while (n == -Errno.EINTR);
        return n;
    }
}
