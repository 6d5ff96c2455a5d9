package arca.monitor.sim;

/** A call that waits for a pipe's lock, which a guest holds: for ever, as far as the monitor can tell. */
public final class Wedged extends Error {
    private static final long serialVersionUID = 1;

    Wedged(String call) {
        super(call + " waits for the lock of a pipe");
    }
}
