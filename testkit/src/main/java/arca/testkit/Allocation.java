package arca.testkit;

import java.lang.management.ManagementFactory;

/** Measures how many bytes a piece of code allocates once it is compiled. */
public final class Allocation {
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int ROUNDS = 300;
    private static final int CALLS = 5_000;

    private Allocation() {}

    /** The code that is measured. */
    @FunctionalInterface
    public interface Code {
        void run() throws Exception;
    }

    /**
     * Returns the bytes that this thread allocates for each call. It runs many rounds and takes the smallest figure: in the
     * first rounds the code is not yet compiled, and an allocation in every call shows in all rounds. It ends after the
     * first round without an allocation.
     */
    public static double bytesPerCall(Code code) throws Exception {
        return bytesPerCall(ROUNDS, CALLS, code);
    }

    /** As {@link #bytesPerCall(Code)}, with the given numbers of rounds and calls, for code that needs fewer. */
    public static double bytesPerCall(int rounds, int calls, Code code) throws Exception {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < rounds && least > 0; round++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < calls; i++) code.run();
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        return (double) least / calls;
    }

    /** Returns the bytes that a live thread has allocated since it started. */
    public static long bytesOf(Thread thread) {
        return THREADS.getThreadAllocatedBytes(thread.threadId());
    }
}
