package arca.bindings;

import arca.bindings.generated.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.Locale;

/**
 * Links C functions; nothing else in the module does. A function that sets errno has it captured during the call
 * itself, because the JVM may change errno before the next one. {@code Linker.Option.critical} is never used: a call
 * that waits would then stop the whole JVM.
 */
final class Linkage {
    /** Whether this machine is an aarch64, which has a few layouts and constants of its own. */
    static final boolean AARCH64 = isAarch64();

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle STATE_ERRNO = STATE.varHandle(PathElement.groupElement("errno"));
    private static final int LONGEST_NAME = 128;

    private static final ThreadLocal<CallState> CALL_STATE = ThreadLocal.withInitial(CallState::new);

    private Linkage() {}

    /**
     * Native memory that the calls of one thread share: for errno, and for small arguments that are passed by address.
     * Allocated once per thread; freed after the thread has ended.
     */
    static final class CallState {
        /** The first argument of every handle of {@link #capturingErrno}. */
        final MemorySegment errno;
        /** An epoll_event or an iovec: 16 bytes, 8-aligned, zeros at first. */
        final MemorySegment argument;
        /** An int that is passed by address. Not a slice of {@link #argument}: a slice is an object. */
        final MemorySegment integer;
        /** A socklen_t; {@link #integer} may be in use by the same call. */
        final MemorySegment length;
        /** A struct statx. */
        final MemorySegment statx;

        CallState() {
            Arena arena = Arena.ofAuto(); // nothing tells us when the thread ends
            errno = arena.allocate(STATE);
            argument = arena.allocate(16, 8);
            integer = arena.allocate(ValueLayout.JAVA_INT);
            length = arena.allocate(ValueLayout.JAVA_INT);
            statx = arena.allocate(Linux.ARCA_STATX_SIZE(), Long.BYTES);
        }
    }

    /** Returns the calling thread's memory. */
    static CallState callState() {
        return CALL_STATE.get();
    }

    /**
     * Links a function that sets errno. The handle takes {@link CallState#errno} first, then the function's arguments.
     * If this C library lacks the function, the handle returns -1 and sets errno to ENOSYS, as a kernel does that lacks
     * the call.
     */
    static MethodHandle capturingErrno(String name, FunctionDescriptor type, Linker.Option... options) {
        Linker.Option[] all = new Linker.Option[options.length + 1];
        all[0] = ERRNO;
        System.arraycopy(options, 0, all, 1, options.length);
        return LINKER.defaultLookup()
                .find(name)
                .map(address -> LINKER.downcallHandle(address, type, all))
                .orElseGet(() -> missing(type));
    }

    /** Links a function that does not set errno. */
    static MethodHandle plain(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
    }

    /** Returns {@code result}, or {@code -errno} if the call failed. errno means nothing after a success. */
    static long result(long result, CallState state) {
        return result >= 0 ? result : -(int) STATE_ERRNO.get(state.errno, 0L);
    }

    /** Returns the string constant at {@code address}, or {@code otherwise} for a null pointer. */
    static String constantString(MemorySegment address, String otherwise) {
        return address.equals(MemorySegment.NULL)
                ? otherwise
                : address.reinterpret(LONGEST_NAME).getString(0);
    }

    /**
     * Rethrows what a handle threw: the linker refused a segment, or there is a bug. Written {@code throw
     * unexpected(e)}, so that the compiler sees the method end there.
     */
    static AssertionError unexpected(Throwable thrown) {
        return switch (thrown) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> new AssertionError("a downcall throws no checked exception", thrown);
        };
    }

    /** Returns a handle of that type which returns -1 and sets errno to ENOSYS. */
    private static MethodHandle missing(FunctionDescriptor type) {
        MethodType call = LINKER.downcallHandle(type, ERRNO).type().dropParameterTypes(0, 1); // the address
        try {
            MethodHandle enosys = MethodHandles.lookup()
                    .findStatic(Linkage.class, "failWithEnosys", MethodType.methodType(int.class, MemorySegment.class));
            return MethodHandles.dropArguments(
                    MethodHandles.explicitCastArguments(
                            enosys, MethodType.methodType(call.returnType(), MemorySegment.class)),
                    1,
                    call.parameterList().subList(1, call.parameterCount()));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("failWithEnosys is a method of this class", e);
        }
    }

    private static int failWithEnosys(MemorySegment errno) {
        STATE_ERRNO.set(errno, 0L, Errno.ENOSYS);
        return -1;
    }

    private static boolean isAarch64() {
        String system = System.getProperty("os.name");
        String architecture = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        if (system.equals("Linux") && architecture.equals("amd64")) return false;
        if (system.equals("Linux") && architecture.equals("aarch64")) return true;
        // A static initialiser throws an Error unchanged, so the first caller sees this message.
        throw new UnsatisfiedLinkError(
                "arca.bindings runs on Linux on x86-64 or aarch64, not on " + system + " on " + architecture);
    }
}
