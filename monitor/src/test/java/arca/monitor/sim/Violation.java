package arca.monitor.sim;

/** What a monitor must never do, done. */
public final class Violation extends AssertionError {
    private static final long serialVersionUID = 1;

    public Violation(String what) {
        super(what);
    }
}
