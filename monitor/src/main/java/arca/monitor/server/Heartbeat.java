package arca.monitor.server;

/**
 * Tells other threads whether a loop makes progress. A loop that waits for something to do is well. A loop that works must
 * have waited since it was last checked.
 */
public final class Heartbeat {
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

    /** Returns whether the loop waits, or has waited since the last call. */
    public synchronized boolean beats() {
        long now = turn;
        boolean moved = now != seen;
        seen = now;
        return waits || moved;
    }
}
