package arca.monitor;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/** A seccomp filter for one thread and for the threads that it starts: seccomp(2). It stays until the thread ends. */
final class Seccomp {
    private static final int PR_SET_NO_NEW_PRIVS = 38; // this and the next one: <linux/prctl.h>
    private static final int PR_SET_SECCOMP = 22;
    private static final long SECCOMP_MODE_FILTER = 2;
    private static final int LOAD_WORD = 0x20; // BPF_LD | BPF_W | BPF_ABS
    private static final int JUMP_IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    private static final int RETURN = 0x06; // BPF_RET | BPF_K
    private static final int SECCOMP_RET_ERRNO = 0x00050000;
    private static final int SECCOMP_RET_ALLOW = 0x7fff0000;
    private static final int SPLICE = System.getProperty("os.arch").equals("aarch64") ? 76 : 275;

    private Seccomp() {}

    /** Runs work in a new thread, and waits for it. The filters of that thread end with it. */
    static <T> T onItsOwnThread(Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().daemon().start(task);
        return task.get();
    }

    /** Makes splice(2) fail from now on, for the calling thread. */
    static void refuseSplice(int errno) throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = arena.allocate(4 * 8L, 8); // struct sock_filter: code, jt, jf, k
            put(program, 0, LOAD_WORD, 0, 0, 0); // seccomp_data.nr
            put(program, 1, JUMP_IF_EQUAL, 0, 1, SPLICE);
            put(program, 2, RETURN, 0, 0, SECCOMP_RET_ERRNO | errno);
            put(program, 3, RETURN, 0, 0, SECCOMP_RET_ALLOW);
            MemorySegment header = arena.allocate(16, 8); // struct sock_fprog
            header.set(ValueLayout.JAVA_SHORT, 0, (short) 4);
            header.set(ValueLayout.ADDRESS, 8, program);
            assumeTrue(prctl(PR_SET_NO_NEW_PRIVS, 1, 0) == 0, "prctl refuses no_new_privs");
            assumeTrue(
                    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header.address()) == 0, "prctl refuses seccomp filters");
        }
    }

    private static void put(MemorySegment program, int at, int code, int ifTrue, int ifFalse, int k) {
        program.set(ValueLayout.JAVA_SHORT, at * 8L, (short) code);
        program.set(ValueLayout.JAVA_BYTE, at * 8L + 2, (byte) ifTrue);
        program.set(ValueLayout.JAVA_BYTE, at * 8L + 3, (byte) ifFalse);
        program.set(ValueLayout.JAVA_INT, at * 8L + 4, k);
    }

    @SuppressWarnings("restricted")
    private static int prctl(int option, long second, long third) throws Exception {
        Linker linker = Linker.nativeLinker();
        ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
        MethodHandle prctl = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("prctl"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, word, word, word, word),
                Linker.Option.firstVariadicArg(1));
        try {
            return (int) prctl.invokeExact(option, second, third, 0L, 0L);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
