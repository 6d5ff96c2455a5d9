package arca.monitor.config;

import static arca.bindings.Constants.EFD_CLOEXEC;
import static arca.bindings.Constants.RLIMIT_NOFILE;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Compares what {@link Limits} promise with what the system grants. */
public final class Headroom {
    private static final int PROCESS = 64; // descriptors of the JVM and of the monitor itself
    private static final int RESERVE_PART = 16; // the reserve is at most this part of a small limit
    private static final int MONITOR = 7; // control socket, its lock, an eventfd, DescriptorReserve; one to spare
    private static final int GUEST =
            9; // control socket, epoll, eventfd, two files of /proc; a data pipe made for the next accept
    private static final int CONNECTION = 3; // a TCP socket and our ends of two pipes
    private static final long PIPES = 2L * PipeAllowance.DEFAULT_PIPE; // bytes of a connection's two

    private Headroom() {}

    /** Returns the limits of the system that are too low. */
    static List<SystemLimit> shortfalls(Limits limits) throws IOException {
        return shortfalls(limits, descriptors(), PipeAllowance.of(limits.pipeMemory()));
    }

    /** Does the same for a system that grants so many descriptors, and so much to pipes. */
    static List<SystemLimit> shortfalls(Limits limits, long descriptors, PipeAllowance pipes) {
        List<SystemLimit> shortfalls = new ArrayList<>();
        long needed = PROCESS
                + limits.guests() * (GUEST + CONNECTION)
                + limits.connections() * CONNECTION
                + limits.listeners()
                + limits.connecting();
        if (needed > descriptors) shortfalls.add(new SystemLimit.Descriptors(needed, descriptors, limits));
        if (limits.pipeMemory() > pipes.bytes()) {
            shortfalls.add(new SystemLimit.PipeMemory(limits.pipeMemory(), pipes.bytes()));
        }
        if (limits.connections() * PIPES > pipes.bytes()) {
            shortfalls.add(new SystemLimit.ConnectionPipes(
                    pipes.bytes(), pipes.bound(), PipeAllowance.DEFAULT_PIPE, limits.connections()));
        }
        return shortfalls;
    }

    /**
     * Refuses to go on where not even one guest with one connection would have room.
     *
     * @throws DescriptorLimitException if the process may have too few descriptors
     * @throws ErrnoException ENFILE or ENOMEM where the system has no room
     */
    public static void requireOneGuest() throws IOException {
        EventFd.open().close(); // so that the JVM has loaded what follows while it can open files
        int[] room = new int[MONITOR + GUEST + CONNECTION];
        int opened = 0;
        int last = 0;
        while (opened < room.length && (last = Syscalls.eventfd(0, EFD_CLOEXEC)) >= 0) room[opened++] = last;
        for (int i = 0; i < opened; i++) Syscalls.close(room[i]);
        if (opened == room.length) return;
        if (last != -Errno.EMFILE) throw new ErrnoException("eventfd", -last);
        long limit = descriptors();
        throw new DescriptorLimitException(limit, limit + room.length - opened);
    }

    /**
     * Returns how many descriptors guests may have: the limit of the process, less those that are open now, less a reserve for
     * the monitor and the JVM.
     *
     * @return the number; 0 if nothing is left
     * @throws ErrnoException if the limit cannot be read
     */
    public static long descriptorsForGuests() throws ErrnoException {
        long limit = descriptors();
        return Math.max(0, limit - open() - Math.min(PROCESS, limit / RESERVE_PART));
    }

    /** Counts the open descriptors of this process. Returns an estimate if /proc does not list them. */
    private static long open() {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count() - 1; // one is the list's own
        } catch (IOException e) {
            return PROCESS;
        }
    }

    /** The soft limit, to which the JVM has raised itself: to the hard one. */
    private static long descriptors() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rlimit = arena.allocate(ValueLayout.JAVA_LONG, 2);
            ErrnoException.check("getrlimit", Syscalls.getrlimit(RLIMIT_NOFILE, rlimit));
            long soft = rlimit.getAtIndex(ValueLayout.JAVA_LONG, 0);
            return soft < 0 ? Long.MAX_VALUE : soft; // RLIM_INFINITY
        }
    }
}
