package arca.monitor.sim;

/** Reports that the monitor did something that it must never do. */
public final class Violation extends AssertionError {
    private static final long serialVersionUID = 1;

    public Violation(String what) {
        super(what);
    }

    @Override
    public String toString() {
        return getMessage();
    }
}
