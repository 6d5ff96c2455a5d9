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
import java.util.OptionalInt;
import java.util.stream.Stream;

/** Compares what {@link Limits} promise with what the system grants. */
public final class Headroom {
    /** Descriptors of each guest: control socket, eventfd, epoll instance, two files of /proc. */
    public static final int GUEST = 5;

    /** Descriptors of a connection: the TCP socket, and the monitor's ends of two pipes. */
    public static final int CONNECTION = 3;

    /** Further descriptors of a connection, from the request until the guest has them: its ends of the two pipes. */
    public static final int GUEST_ENDS = 2;

    private static final int LISTENER = 1;
    private static final int MONITOR = 9; // control socket, its lock, an eventfd, DescriptorReserve; three to spare
    private static final int PROCESS = 64; // descriptors, or threads, of the JVM and of the monitor itself
    private static final int RESERVE_PART = 16; // the reserve is at most this part of a small limit
    private static final int PERCENT = 100;

    private Headroom() {}

    /**
     * How much there is of something that guests share.
     *
     * @param total how much all guests may have
     * @param share how much the guests of one user may have
     */
    public record Grant(long total, long share) {}

    /**
     * Finds the limits of the system that are too low for the limits of a monitor.
     *
     * @param config the monitor's configuration
     * @param descriptors how many descriptors there are for guests
     * @param pipes what pipes may hold
     * @param pipeBytes how many bytes of pipes there are for guests
     * @return the limits that are too low; empty if everything fits
     * @throws ErrnoException if the limit of descriptors cannot be read
     */
    public static List<SystemLimit> shortfalls(
            MonitorConfig config, Grant descriptors, PipeAllowance pipes, Grant pipeBytes) throws ErrnoException {
        List<SystemLimit> shortfalls = new ArrayList<>(ofDescriptors(config.limits(), descriptors(), descriptors));
        shortfalls.addAll(ofPipes(config, pipes, pipeBytes));
        shortfalls.addAll(ofThreads(config.limits(), ThreadAllowance.of()));
        return shortfalls;
    }

    /**
     * Finds out whether there are enough descriptors.
     *
     * @param limit how many this process may have
     */
    static List<SystemLimit> ofDescriptors(Limits limits, long limit, Grant grant) {
        List<SystemLimit> shortfalls = new ArrayList<>();
        long one = ofOneGuest(limits);
        if (one > grant.share()) {
            long enough = enough(limit, whole(one, limits), grant);
            shortfalls.add(new SystemLimit.Descriptors(
                    SystemLimit.Demand.ONE_GUEST, one, grant.share(), enough, share(one, grant), limits));
        }
        long all = (long) limits.guests() * (GUEST + CONNECTION + GUEST_ENDS);
        if (all > grant.total()) {
            long enough = enough(limit, all, grant);
            shortfalls.add(new SystemLimit.Descriptors(
                    SystemLimit.Demand.ALL_GUESTS, all, grant.total(), enough, OptionalInt.empty(), limits));
        }
        return shortfalls;
    }

    /** Returns a limit of the process that leaves so many descriptors for guests. */
    private static long enough(long limit, long total, Grant grant) {
        return limit - reserve(limit) + PROCESS + total - grant.total();
    }

    /**
     * Returns how many descriptors a guest takes that has as much as it may. While an accept waits, the pipes of its connection
     * are open in advance.
     *
     * @param limits what the guest may have
     * @return the number
     */
    public static long ofOneGuest(Limits limits) {
        long handedOver = Math.min(limits.connecting(), limits.connections()) + 1L;
        return GUEST
                + limits.listeners() * LISTENER
                + (limits.connections() + 1L) * CONNECTION
                + handedOver * GUEST_ENDS;
    }

    /** Finds out whether there is enough pipe memory. */
    static List<SystemLimit> ofPipes(MonitorConfig config, PipeAllowance pipes, Grant grant) {
        Limits limits = config.limits();
        List<SystemLimit> shortfalls = new ArrayList<>();
        if (limits.pipeMemory() > pipes.bytes()) {
            shortfalls.add(new SystemLimit.PipeMemory(limits.pipeMemory(), pipes.bytes()));
        }
        if (withLargePipes(grant.share(), config.pipeSize()) < limits.connections()) {
            long one = limits.connections() * bytesOfOne(config.pipeSize());
            shortfalls.add(new SystemLimit.Pipes(
                    SystemLimit.Demand.ONE_GUEST,
                    one,
                    grant.share(),
                    pipes.bound(),
                    whole(one, limits),
                    share(one, grant),
                    limits));
        }
        long all = limits.guests() * 2L * config.pipeSize();
        if (all > grant.total()) {
            shortfalls.add(new SystemLimit.Pipes(
                    SystemLimit.Demand.ALL_GUESTS,
                    all,
                    grant.total(),
                    pipes.bound(),
                    all,
                    OptionalInt.empty(),
                    limits));
        }
        return shortfalls;
    }

    /**
     * Returns how many connections of one user have pipes of 64 KiB or more, or of the configured size if that is less. The
     * monitor makes pipes of the configured size until they hold half of the user's share, and then the kernel's default size.
     */
    private static long withLargePipes(long share, int size) {
        if (size <= PipeAllowance.DEFAULT_PIPE) return share / (2L * size);
        long large = share / 2 / (2L * size);
        return large + (share - large * 2 * size) / (2L * PipeAllowance.DEFAULT_PIPE);
    }

    /** Returns how much of the user's share a connection takes then, on average; rounded up. */
    private static long bytesOfOne(int size) {
        long usual = PipeAllowance.DEFAULT_PIPE;
        return size <= usual ? 2L * size : Math.ceilDiv(4 * size * usual, size + usual);
    }

    /** Finds out whether there may be enough threads: one for each guest, and for each that is gone. */
    static List<SystemLimit> ofThreads(Limits limits, ThreadAllowance threads) {
        long needed = PROCESS + 2L * limits.guests();
        if (needed <= threads.threads()) return List.of();
        return List.of(new SystemLimit.Threads(needed, threads.threads(), threads.bound(), limits));
    }

    /** Returns the least total of which one user's share is at least a part. */
    private static long whole(long part, Limits limits) {
        return Math.ceilDiv(part * PERCENT, limits.share());
    }

    /** Returns the lowest share of the total, in percent, that is at least a part; empty if the part is more than the total. */
    private static OptionalInt share(long part, Grant grant) {
        if (part > grant.total()) return OptionalInt.empty();
        return OptionalInt.of((int) Math.ceilDiv(part * PERCENT, grant.total()));
    }

    /**
     * Refuses to go on where not even one guest with one connection would have room.
     *
     * @throws DescriptorLimitException if the process may have too few descriptors
     * @throws ErrnoException ENFILE or ENOMEM where the system has no room
     */
    public static void requireOneGuest() throws IOException {
        EventFd.open().close(); // so that the JVM has loaded what follows while it can open files
        int[] room = new int[MONITOR + GUEST + CONNECTION + GUEST_ENDS];
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
        return Math.max(0, limit - open() - reserve(limit));
    }

    private static long reserve(long limit) {
        return Math.min(PROCESS, limit / RESERVE_PART);
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
