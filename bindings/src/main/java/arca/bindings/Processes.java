package arca.bindings;

import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import arca.bindings.generated.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * Starts other processes, waits until they end, and sends them signals: posix_spawn(3), waitid(2), waitpid(2), kill(2),
 * prctl(2). As in {@link Syscalls}, each method returns the call's result or {@code -errno}.
 *
 * <p>{@link ProcessBuilder} gives a process new pipes, and a thread that waits for it. This class gives it two
 * descriptors of the caller's choice and a new session: the process leads a new process group, and the processes that
 * it starts belong to that group.
 */
public final class Processes {
    private static final short FLAGS = (short) (Linux.POSIX_SPAWN_SETSID() | Linux.POSIX_SPAWN_SETSIGMASK());
    private static final int FIRST_CLOSED = 3;

    private Processes() {}

    /**
     * Starts a program in a new session: posix_spawn(3). The program gets this process's environment, working directory
     * and stderr, and no descriptors but 0, 1 and 2. {@code stdin} and {@code stdout} must not have these numbers
     * themselves.
     *
     * @param file the path of the program
     * @param arguments the program's arguments, its own name first; passed as UTF-8
     * @param stdin a descriptor that becomes the program's stdin; the caller still owns it
     * @param stdout a descriptor that becomes the program's stdout; the caller still owns it
     * @return the process id, which is also the id of the process group; or {@code -errno}: EAGAIN at a limit on
     *     processes
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

    /** Sets how the new process differs. Returns 0 or an errno. glibc needs no posix_spawnattr_destroy. */
    private static int prepare(Arena arena, MemorySegment actions, MemorySegment attributes, int stdin, int stdout)
            throws Throwable {
        int error = (int) Spawn.DUP.invokeExact(actions, stdin, 0);
        if (error == 0) error = (int) Spawn.DUP.invokeExact(actions, stdout, 1);
        if (error == 0) error = (int) Spawn.CLOSE_FROM.invokeExact(actions, FIRST_CLOSED);
        if (error == 0) error = (int) Spawn.INIT_ATTRIBUTES.invokeExact(attributes);
        // The JVM blocks SIGQUIT in its threads, and a new process would inherit that.
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
     * Makes this process the parent of every descendant whose own parent ends, so that {@link #reap} reports them too:
     * prctl(2), PR_SET_CHILD_SUBREAPER. Also sets SIGCHLD to its default action: if the program that started this
     * process ignored SIGCHLD, the kernel would reap the children itself.
     *
     * @return 0, or {@code -errno}
     */
    public static int adoptOrphans() {
        try {
            MemorySegment _ = (MemorySegment) Signal.HANDLE.invokeExact(Linux.SIGCHLD(), NULL); // SIG_DFL
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
        return Syscalls.prctl(Linux.PR_SET_CHILD_SUBREAPER(), 1);
    }

    private static final class Signal {
        static final MethodHandle HANDLE = Linkage.plain("signal", FunctionDescriptor.of(ADDRESS, JAVA_INT, ADDRESS));
    }

    /**
     * Waits until a child of this process has ended, and leaves it to {@link #reap}: waitid(2) with WNOWAIT. EINTR
     * occurs while the call waits; it is retried.
     *
     * @return 0, or {@code -errno}: ECHILD if there is no child
     */
    public static int awaitExit() {
        return (int) Waitid.CALL.retry(Linux.P_ALL(), 0, 0, Linux.WEXITED() | Linux.WNOWAIT(), 0, 0, NULL);
    }

    private static final class Waitid {
        static final Downcall CALL = Downcall.ofInt("waitid");
    }

    /**
     * Removes a child that has ended from the kernel's table: waitpid(2) with WNOHANG. The kernel may then use its
     * process id again. Never waits.
     *
     * @param which a process id, the negative of a process group's id, or -1 for any child
     * @return the process id; 0 if there are such children and none has ended; or {@code -errno}: ECHILD if there is no
     *     such child
     */
    public static int reap(int which) {
        return (int) Waitpid.CALL.call(which, 0, Linux.WNOHANG());
    }

    private static final class Waitpid {
        static final Downcall CALL = Downcall.ofInt("waitpid");
    }

    /**
     * Sends a signal to a process or a process group: kill(2). The id may belong to another process by now, unless the
     * process, or one process of the group, is a child that was not reaped yet.
     *
     * @param which a process id, or the negative of a process group's id
     * @param signal {@code SIG*}, or 0 to check whether the process exists
     * @return 0, or {@code -errno}
     */
    public static int kill(int which, int signal) {
        return (int) Kill.CALL.call(which, signal, 0);
    }

    private static final class Kill {
        static final Downcall CALL = Downcall.ofInt("kill");
    }
}
