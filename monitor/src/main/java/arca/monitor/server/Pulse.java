package arca.monitor.server;

/**
 * Shows from outside whether a thread's loop goes round. A thread that waits for something to do is well; one that is at
 * work must have come back to its wait since the last look.
 */
public final class Pulse {
    private volatile boolean waits;
    private volatile long turn; // written by the loop's thread alone
    private long seen = -1;

    // The loop's thread.

    void waits() {
        waits = true;
    }

    void works() {
        turn = turn + 1;
        waits = false;
    }

    // Any other thread.

    /** Whether the loop waits, or has waited since this was last called. */
    public synchronized boolean beats() {
        long now = turn;
        boolean moved = now != seen;
        seen = now;
        return waits || moved;
    }
}
