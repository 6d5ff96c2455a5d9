package arca.monitor;

import static arca.bindings.Constants.RLIMIT_NOFILE;

import arca.bindings.ErrnoException;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Whether the system gives what {@link Limits} promise. */
final class Headroom {
    private static final long PROCESS = 64; // descriptors of the JVM and of the monitor itself
    private static final long GUEST =
            8; // control socket, epoll, eventfd and pidfd; a data pipe made for the next accept
    private static final long CONNECTION = 3; // a TCP socket and our ends of two pipes
    private static final long PIPES = 2L * PipeBudget.SMALL; // bytes of a connection's two

    private Headroom() {}

    /** What the system gives too little of, each as a sentence that says what to raise. */
    static List<String> shortfalls(Limits limits) throws IOException {
        return shortfalls(limits, descriptors(), PipeAllowance.bytes(limits.pipeMemory()));
    }

    /** The same, of a system that gives so many descriptors and bytes in pipes. */
    static List<String> shortfalls(Limits limits, long descriptors, long pipeBytes) {
        List<String> shortfalls = new ArrayList<>();
        long needed = PROCESS
                + limits.guests() * (GUEST + CONNECTION)
                + limits.connections() * CONNECTION
                + limits.listeners()
                + limits.connecting();
        if (needed > descriptors) {
            shortfalls.add("one guest with --max-connections " + limits.connections() + " beside --max-guests "
                    + limits.guests() + " needs " + needed + " descriptors, and this process may have " + descriptors
                    + ": raise the limit (ulimit -n, LimitNOFILE=), or lower those");
        }
        if (limits.connections() * PIPES > pipeBytes) {
            shortfalls.add("the pipes of all guests may hold " + pipeBytes + " bytes, enough for " + pipeBytes / PIPES
                    + " connections with pipes of " + PipeBudget.SMALL + " bytes, and one guest may have "
                    + limits.connections() + ": raise fs.pipe-user-pages-soft or --pipe-memory, or lower"
                    + " --max-connections");
        }
        return shortfalls;
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
