package arca.bindings;

import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import arca.bindings.Linkage.CallState;
import arca.bindings.generated.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Starting other processes, waiting for their ends and signalling them: posix_spawn(3), waitid(2), waitpid(2), kill(2),
 * prctl(2). As in {@link Syscalls}, each call answers its result or {@code -errno}, and EINTR is retried.
 *
 * <p>Where {@link ProcessBuilder} gives a process pipes of its own and a thread that waits for it, this gives it two
 * descriptors, and a session of its own: it leads a new process group, to which all that it starts belongs.
 */
public final class Processes {
    private static final short FLAGS = (short) (Linux.POSIX_SPAWN_SETSID() | Linux.POSIX_SPAWN_SETSIGMASK());
    private static final int FIRST_CLOSED = 3;

    private Processes() {}

    /**
     * Starts a program in a session of its own, with this process's environment, working directory and stderr, and no
     * other descriptor than those named. It must be none of 0, 1 and 2 that {@code stdin} and {@code stdout} are.
     *
     * @param file the path of the program
     * @param arguments what it is called with, its own name first; encoded as UTF-8
     * @param stdin a descriptor that becomes its stdin; stays the caller's
     * @param stdout a descriptor that becomes its stdout; stays the caller's
     * @return its process id, which is its process group's, too, or {@code -errno}: EAGAIN at a limit on processes
     */
    public static int spawn(String file, List<String> arguments, Fd stdin, Fd stdout) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment actions = arena.allocate(Linux.ARCA_POSIX_SPAWN_FILE_ACTIONS_SIZE(), Long.BYTES);
            MemorySegment attributes = arena.allocate(Linux.ARCA_POSIX_SPAWNATTR_SIZE(), Long.BYTES);
            int error = (int) Spawn.INIT_ACTIONS.invokeExact(actions);
            if (error != 0) return -error;
            try {
                error = prepare(arena, actions, attributes, stdin.value(), stdout.value());
                if (error != 0) return -error;
                MemorySegment pid = arena.allocate(JAVA_INT);
                error = (int) Spawn.SPAWN.invokeExact(
                        pid,
                        arena.allocateFrom(file),
                        actions,
                        attributes,
                        words(arena, arguments),
                        Spawn.ENVIRONMENT.get(ADDRESS, 0));
                return error != 0 ? -error : pid.get(JAVA_INT, 0);
            } finally {
                int _ = (int) Spawn.DESTROY_ACTIONS.invokeExact(actions);
            }
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    /** Says what differs in the new process; 0, or an errno. The attributes need no destroying in this C library. */
    private static int prepare(Arena arena, MemorySegment actions, MemorySegment attributes, int stdin, int stdout)
            throws Throwable {
        int error = (int) Spawn.DUP.invokeExact(actions, stdin, 0);
        if (error == 0) error = (int) Spawn.DUP.invokeExact(actions, stdout, 1);
        if (error == 0) error = (int) Spawn.CLOSE_FROM.invokeExact(actions, FIRST_CLOSED);
        if (error == 0) error = (int) Spawn.INIT_ATTRIBUTES.invokeExact(attributes);
        // The JVM blocks SIGQUIT in its threads, and a new process would begin with that.
        MemorySegment none = arena.allocate(Linux.ARCA_SIGSET_SIZE(), Long.BYTES);
        if (error == 0) error = (int) Spawn.SET_MASK.invokeExact(attributes, none);
        if (error == 0) error = (int) Spawn.SET_FLAGS.invokeExact(attributes, FLAGS);
        return error;
    }

    private static MemorySegment words(Arena arena, List<String> words) {
        MemorySegment array = arena.allocate(ADDRESS, words.size() + 1L); // the last is NULL
        for (int i = 0; i < words.size(); i++) array.setAtIndex(ADDRESS, i, arena.allocateFrom(words.get(i)));
        return array;
    }

    private static final class Spawn {
        private static final FunctionDescriptor ONE = FunctionDescriptor.of(JAVA_INT, ADDRESS);

        static final MethodHandle INIT_ACTIONS = Linkage.plain("posix_spawn_file_actions_init", ONE);
        static final MethodHandle DESTROY_ACTIONS = Linkage.plain("posix_spawn_file_actions_destroy", ONE);
        static final MethodHandle DUP = Linkage.plain(
                "posix_spawn_file_actions_adddup2", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
        static final MethodHandle CLOSE_FROM = Linkage.plain(
                "posix_spawn_file_actions_addclosefrom_np", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
        static final MethodHandle INIT_ATTRIBUTES = Linkage.plain("posix_spawnattr_init", ONE);
        static final MethodHandle SET_MASK =
                Linkage.plain("posix_spawnattr_setsigmask", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        static final MethodHandle SET_FLAGS =
                Linkage.plain("posix_spawnattr_setflags", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_SHORT));
        static final MethodHandle SPAWN = Linkage.plain(
                "posix_spawn", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
        static final MemorySegment ENVIRONMENT =
                Linker.nativeLinker().defaultLookup().findOrThrow("environ").reinterpret(ADDRESS.byteSize());
    }

    /**
     * Has this process become the parent of every descendant whose own parent ends, so that {@link #reap} hears of
     * their ends: prctl(2) PR_SET_CHILD_SUBREAPER. SIGCHLD gets its default action: one that was ignored when this
     * process began would have the kernel reap.
     *
     * @return 0, or {@code -errno}
     */
    public static int adoptOrphans() {
        CallState state = Linkage.callState();
        try {
            MemorySegment _ = (MemorySegment) Prctl.SIGNAL.invokeExact(Linux.SIGCHLD(), NULL); // SIG_DFL
            return Linkage.result(
                    (int) Prctl.HANDLE.invokeExact(state.errno, Linux.PR_SET_CHILD_SUBREAPER(), 1L), state);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Prctl {
        static final MethodHandle SIGNAL = Linkage.plain("signal", FunctionDescriptor.of(ADDRESS, JAVA_INT, ADDRESS));
        static final MethodHandle HANDLE = Linkage.capturingErrno(
                "prctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG), Linker.Option.firstVariadicArg(1));
    }

    /**
     * Waits until a child of this process has ended, and leaves it to {@link #reap}: waitid(2) with WNOWAIT.
     *
     * @return 0, or {@code -errno}: ECHILD where there is no child
     */
    public static int awaitExit() {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Waitid.HANDLE.invokeExact(
                                state.errno, Linux.P_ALL(), 0, NULL, Linux.WEXITED() | Linux.WNOWAIT()),
                        state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Waitid {
        static final MethodHandle HANDLE = Linkage.capturingErrno(
                "waitid", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    }

    /**
     * Takes a child that has ended off the kernel's table, which may give its number anew from then on; never waits:
     * waitpid(2) with WNOHANG.
     *
     * @param which a process id, the negative of a process group, or -1 for any child
     * @return the process id, 0 where there are such children and none has ended, or {@code -errno}: ECHILD where there
     *     is no such child
     */
    public static int reap(int which) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Waitpid.HANDLE.invokeExact(state.errno, which, NULL, Linux.WNOHANG()), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Waitpid {
        static final MethodHandle HANDLE =
                Linkage.capturingErrno("waitpid", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    }

    /**
     * kill(2). A number may be another's by now unless the process, or one of the group, is a child that was not reaped.
     *
     * @param which a process id, or the negative of a process group
     * @param signal {@code SIG*}, or 0 to ask whether it is there
     * @return 0, or {@code -errno}
     */
    public static int kill(int which, int signal) {
        CallState state = Linkage.callState();
        try {
            return Linkage.result((int) Kill.HANDLE.invokeExact(state.errno, which, signal), state);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Kill {
        static final MethodHandle HANDLE =
                Linkage.capturingErrno("kill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    }
}
