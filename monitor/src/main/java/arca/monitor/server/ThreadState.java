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
 * What the kernel tells about one thread of this process: proc(5), {@code /proc/thread-self/stat} and {@code wchan}. Both
 * files are opened when the thread begins and stay open, so that a look needs no descriptor; and unlike {@code syscall}
 * they can be read by a process that is not dumpable.
 */
final class ThreadState implements AutoCloseable {
    /** What one look has told. */
    enum Where {
        /** It runs, or sleeps so that a signal could wake it. */
        FREE,
        /** It waits in state D for a pipe's lock. */
        PIPE_LOCK,
        /** It waits in state D for something else: the disk, memory, a child that vfork(2) made. */
        ELSEWHERE,
        /** It waits in state D, and the kernel does not tell for what. */
        UNTOLD,
        /** It has ended. */
        ENDED
    }

    private static final int LONGEST_NAME = 64; // of a function of the kernel's

    private final Optional<Fd> stat;
    private final Optional<Fd> wchan;
    private boolean closed;

    private ThreadState(Optional<Fd> stat, Optional<Fd> wchan) {
        this.stat = stat;
        this.wchan = wchan;
    }

    /**
     * The state of the calling thread. Where /proc lacks a file, there is less to tell.
     *
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    static ThreadState ofThisThread() throws ErrnoException {
        return of("/proc/thread-self");
    }

    /** The same, of the thread that has this directory of proc(5). */
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
     * Looks where the thread is now. Any thread; only {@link #close} may wait for it, and the kernel answers at once.
     *
     * @param buffer native memory for what the files say
     * @throws ErrnoException if the kernel does not let us look: nothing is known then
     */
    synchronized Where look(MemorySegment buffer) throws ErrnoException {
        if (closed) return Where.ENDED;
        if (stat.isEmpty()) throw new ErrnoException("open /proc/thread-self/stat", Errno.ENOENT);
        long n = Syscalls.pread(stat.get().value(), buffer, 0);
        if (n == -Errno.ESRCH || n == 0) return Where.ENDED;
        ErrnoException.check("read /proc/thread-self/stat", n);
        if (!isUninterruptible(text(buffer, n))) return Where.FREE;
        if (wchan.isEmpty()) return Where.UNTOLD;
        n = Syscalls.pread(wchan.get().value(), buffer.asSlice(0, LONGEST_NAME), 0);
        if (n == -Errno.ESRCH) return Where.ENDED;
        return n <= 0 ? Where.UNTOLD : waitsIn(text(buffer, n));
    }

    /** Whether stat tells of state D. The name before the state may have any character in it. */
    static boolean isUninterruptible(String stat) {
        return stat.startsWith(") D", stat.lastIndexOf(')'));
    }

    /**
     * What a thread in state D waits for that sleeps in a function of the kernel's. In fs/pipe.c and fs/splice.c a thread
     * sleeps so for a pipe's lock alone: on 6.18 in anon_pipe_read, anon_pipe_write, pipe_ioctl, pipe_fcntl, pipe_release,
     * splice_to_socket and splice_file_to_pipe, on older kernels in pipe_read, pipe_write, pipe_lock and the like.
     */
    static Where waitsIn(String function) {
        if (function.isEmpty() || function.equals("0")) return Where.UNTOLD;
        return function.contains("pipe") || function.contains("splice") ? Where.PIPE_LOCK : Where.ELSEWHERE;
    }

    private static String text(MemorySegment buffer, long length) {
        return new String(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }

    /** Ends what can be told: by the thread itself, at its end. */
    @Override
    public synchronized void close() {
        closed = true;
        stat.ifPresent(Fd::close);
        wchan.ifPresent(Fd::close);
    }
}
