package arca.monitor.sim;

/** A call waits for the lock of a pipe, which a guest holds. As far as the monitor can tell, it waits forever. */
public final class Wedged extends Error {
    private static final long serialVersionUID = 1;

    Wedged(String call) {
        super(call + " waits for the lock of a pipe");
    }
}
