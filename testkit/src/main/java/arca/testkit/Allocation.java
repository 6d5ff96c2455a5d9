package arca.testkit;

import java.lang.management.ManagementFactory;

/** What a piece of code allocates in steady state. */
public final class Allocation {
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int ROUNDS = 300;
    private static final int CALLS = 5_000;

    private Allocation() {}

    /** Code under measurement. */
    @FunctionalInterface
    public interface Code {
        void run() throws Exception;
    }

    /**
     * Bytes this thread allocates for each call, as the least of many rounds: the compiler needs the first ones, and an
     * allocation on every call would be in all of them. Ends with the first round that has none.
     */
    public static double bytesPerCall(Code code) throws Exception {
        return bytesPerCall(ROUNDS, CALLS, code);
    }

    /** The same as the least of that many rounds of that many calls, where less will do. */
    public static double bytesPerCall(int rounds, int calls, Code code) throws Exception {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < rounds && least > 0; round++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < calls; i++) code.run();
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        return (double) least / calls;
    }

    /** Bytes that a live thread has allocated since it began. */
    public static long bytesOf(Thread thread) {
        return THREADS.getThreadAllocatedBytes(thread.threadId());
    }
}
