package arca.control.guest;

/**
 * Calls that wait in a system call. The JVM does not lend a virtual thread's carrier to others meanwhile, so as many such
 * calls as there are processors would stop every virtual thread of the program.
 */
final class PlatformThread {
    private PlatformThread() {}

    /**
     * Refuses a virtual thread.
     *
     * @param what it does, for the message
     * @throws UnsupportedOperationException with the cure
     */
    static void require(String what) {
        if (!Thread.currentThread().isVirtual()) return;
        throw new UnsupportedOperationException("a virtual thread " + what
                + ", which would hold its carrier while it waits: call it from a platform thread (Thread.ofPlatform)");
    }
}
