package arca.monitor.sim;

/** Ends a history: a call waits for the lock of a pipe, which a guest holds. To the monitor, the wait never ends. */
public final class Wedged extends Error {
    private static final long serialVersionUID = 1;

    Wedged(String call) {
        super(call + " waits for the lock of a pipe");
    }
}
