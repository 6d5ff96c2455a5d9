package arca.monitor.server;

import static arca.bindings.Constants.O_RDONLY;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Syscalls;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Reads the state of one thread of this process from the kernel: proc(5), {@code /proc/thread-self/stat} and {@code wchan}.
 * Both files are opened when the thread begins, and stay open. So a look needs no new descriptor. Unlike {@code syscall}, a
 * process that is not dumpable may read them.
 */
final class ThreadState implements AutoCloseable {
    /** Where a thread is. */
    enum Where {
        /** It runs, or it sleeps and a signal could wake it. */
        FREE,
        /** It waits in state D for a pipe's lock. */
        PIPE_LOCK,
        /** It waits in state D for something else: the disk, memory, a child that vfork(2) made. */
        ELSEWHERE,
        /** It waits in state D, and the kernel does not say for what. */
        UNKNOWN,
        /** It has ended. */
        ENDED
    }

    private static final int LONGEST_NAME = 64; // bytes of a function's name

    private final Optional<Fd> stat;
    private final Optional<Fd> wchan;
    private boolean closed;

    private ThreadState(Optional<Fd> stat, Optional<Fd> wchan) {
        this.stat = stat;
        this.wchan = wchan;
    }

    /**
     * Opens the files of the calling thread. If /proc lacks one of them, looks will say less.
     *
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    static ThreadState ofThisThread() throws ErrnoException {
        return of("/proc/thread-self");
    }

    /** Opens the files of the thread that has this directory in proc(5). */
    static ThreadState of(String directory) throws ErrnoException {
        Optional<Fd> stat = open(directory + "/stat");
        try {
            return new ThreadState(stat, open(directory + "/wchan"));
        } catch (ErrnoException e) {
            stat.ifPresent(Fd::close);
            throw e;
        }
    }

    private static Optional<Fd> open(String path) throws ErrnoException {
        try {
            return Optional.of(Fd.open(path, O_RDONLY, 0));
        } catch (ErrnoException e) {
            if (e.errno() == Errno.EMFILE || e.errno() == Errno.ENFILE) throw e;
            return Optional.empty();
        }
    }

    /**
     * Returns where the thread is now. Any thread may call this; the kernel answers at once.
     *
     * @param buffer native memory for what the files say
     * @throws ErrnoException if the kernel does not permit it
     */
    synchronized Where look(MemorySegment buffer) throws ErrnoException {
        if (closed) return Where.ENDED;
        if (stat.isEmpty()) throw new ErrnoException("open /proc/thread-self/stat", Errno.ENOENT);
        long n = Syscalls.pread(stat.get().value(), buffer, 0);
        if (n == -Errno.ESRCH || n == 0) return Where.ENDED;
        ErrnoException.check("read /proc/thread-self/stat", n);
        if (!isUninterruptible(text(buffer, n))) return Where.FREE;
        if (wchan.isEmpty()) return Where.UNKNOWN;
        n = Syscalls.pread(wchan.get().value(), buffer.asSlice(0, LONGEST_NAME), 0);
        if (n == -Errno.ESRCH) return Where.ENDED;
        return n <= 0 ? Where.UNKNOWN : waitsIn(text(buffer, n));
    }

    /** Returns whether the text of a stat file says state D. The name before the state may contain any character. */
    static boolean isUninterruptible(String stat) {
        return stat.startsWith(") D", stat.lastIndexOf(')'));
    }

    /**
     * Returns what a thread in state D waits for, by the function of the kernel in which it sleeps. In fs/pipe.c and
     * fs/splice.c, a thread sleeps in state D only for the lock of a pipe: on 6.18 in anon_pipe_read, anon_pipe_write,
     * pipe_ioctl, pipe_fcntl, pipe_release, splice_to_socket and splice_file_to_pipe, on older kernels in pipe_read,
     * pipe_write, pipe_lock and the like.
     */
    static Where waitsIn(String function) {
        if (function.isEmpty() || function.equals("0")) return Where.UNKNOWN;
        return function.contains("pipe") || function.contains("splice") ? Where.PIPE_LOCK : Where.ELSEWHERE;
    }

    private static String text(MemorySegment buffer, long length) {
        return new String(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }

    /** Closes the files. The thread itself calls this at its end. */
    @Override
    public synchronized void close() {
        closed = true;
        stat.ifPresent(Fd::close);
        wchan.ifPresent(Fd::close);
    }
}
