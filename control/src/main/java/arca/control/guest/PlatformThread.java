package arca.control.guest;

/**
 * Keeps virtual threads away from calls that wait in the kernel. A virtual thread that waits there keeps its carrier thread.
 * As many such calls as there are processors would stop every virtual thread of the program.
 */
final class PlatformThread {
    private PlatformThread() {}

    /**
     * Throws if the calling thread is a virtual thread.
     *
     * @param what what the caller does, for the message: {@code reads an ArcaStream}
     * @throws UnsupportedOperationException if it is; the message says to use a platform thread
     */
    static void require(String what) {
        if (!Thread.currentThread().isVirtual()) return;
        throw new UnsupportedOperationException("a virtual thread " + what
                + ", which would hold its carrier while it waits: call it from a platform thread (Thread.ofPlatform)");
    }
}
