package arca.bindings;

import arca.bindings.generated.Linux;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
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
 * The one place where C is linked: every downcall captures errno in the same transition, for the JVM may
 * change it between two calls. Never {@code Linker.Option.critical}: a call that blocks would then stop the
 * whole JVM.
 */
final class Linkage {
    /** Whether the few layouts that differ are those of aarch64. */
    static final boolean AARCH64 = isAarch64();

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle STATE_ERRNO = STATE.varHandle(PathElement.groupElement("errno"));
    private static final int LONGEST_NAME = 128;

    private static final ThreadLocal<CallState> CALL_STATE = ThreadLocal.withInitial(CallState::new);

    private Linkage() {}

    /**
     * What one thread's calls share: where errno is captured, and room for a small argument passed by
     * address. Allocated once for each thread, freed when the thread is gone.
     */
    static final class CallState {
        /** Leading argument of every handle of {@link #capturingErrno}. */
        final MemorySegment errno;
        /** Zero-filled once, 16 bytes, 8-aligned: an epoll_event, an iovec. */
        final MemorySegment argument;
        /** An int passed by address; of its own, for a slice of the above might be an allocation. */
        final MemorySegment integer;
        /** A socklen_t, beside another argument in use. */
        final MemorySegment length;
        /** A struct statx. */
        final MemorySegment statx;

        CallState() {
            Arena arena = Arena.ofAuto(); // its end is the thread's, which nobody can tell us
            errno = arena.allocate(STATE);
            argument = arena.allocate(16, 8);
            integer = arena.allocate(ValueLayout.JAVA_INT);
            length = arena.allocate(ValueLayout.JAVA_INT);
            statx = arena.allocate(Linux.ARCA_STATX_SIZE(), Long.BYTES);
        }
    }

    static CallState callState() {
        return CALL_STATE.get();
    }

    /**
     * Links a call. The handle takes {@link CallState#errno} first, then the call's own arguments.
     *
     * <p>A call that this C library lacks answers -1 and ENOSYS, as it would on a kernel that lacks it.
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

    /**
     * Links a call that may be given a part of a segment. Its one pointer becomes a long, the part's address; and one
     * argument follows the call's own, the segment. The call passes over that one, as both ABIs allow; the linker checks
     * it, and keeps its arena open until the call is over. A slice would do the same and be an object for each call.
     */
    static MethodHandle capturingErrnoWithin(String name, FunctionDescriptor type) {
        MemoryLayout[] arguments = type.argumentLayouts().stream()
                .map(argument -> argument instanceof AddressLayout ? ValueLayout.JAVA_LONG : argument)
                .toArray(MemoryLayout[]::new);
        return capturingErrno(
                name,
                FunctionDescriptor.of(type.returnLayout().orElseThrow(), arguments)
                        .appendArgumentLayouts(ValueLayout.ADDRESS));
    }

    /** Links a function that does not set errno. */
    static MethodHandle plain(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
    }

    /** {@code result}, or {@code -errno} where the call failed; errno means nothing where it did not. */
    static int result(int result, CallState state) {
        return result >= 0 ? result : -(int) STATE_ERRNO.get(state.errno, 0L);
    }

    /** {@code result}, or {@code -errno} where the call failed; errno means nothing where it did not. */
    static long result(long result, CallState state) {
        return result >= 0 ? result : -(int) STATE_ERRNO.get(state.errno, 0L);
    }

    /** The string constant at {@code address}, or {@code otherwise} for a null pointer. */
    static String constantString(MemorySegment address, String otherwise) {
        return address.equals(MemorySegment.NULL)
                ? otherwise
                : address.reinterpret(LONGEST_NAME).getString(0);
    }

    /** For {@code throw unexpected(e)}: what a handle throws is the caller's mistake with a segment, or a bug. */
    static AssertionError unexpected(Throwable thrown) {
        return switch (thrown) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> new AssertionError("a downcall throws nothing checked", thrown);
        };
    }

    private static MethodHandle missing(FunctionDescriptor type) {
        MethodType call = LINKER.downcallHandle(type, ERRNO).type().dropParameterTypes(0, 1); // less the address
        try {
            MethodHandle enosys = MethodHandles.lookup()
                    .findStatic(Linkage.class, "answerEnosys", MethodType.methodType(int.class, MemorySegment.class));
            return MethodHandles.dropArguments(
                    MethodHandles.explicitCastArguments(
                            enosys, MethodType.methodType(call.returnType(), MemorySegment.class)),
                    1,
                    call.parameterList().subList(1, call.parameterCount()));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("a method of this class", e);
        }
    }

    private static int answerEnosys(MemorySegment errno) {
        STATE_ERRNO.set(errno, 0L, Errno.ENOSYS);
        return -1;
    }

    private static boolean isAarch64() {
        String system = System.getProperty("os.name");
        String architecture = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        if (system.equals("Linux") && architecture.equals("amd64")) return false;
        if (system.equals("Linux") && architecture.equals("aarch64")) return true;
        // An Error leaves a static initialiser as it is, so the sentence reaches whoever called first.
        throw new UnsatisfiedLinkError(
                "arca.bindings runs on Linux on x86-64 or aarch64, not on " + system + " on " + architecture);
    }
}
