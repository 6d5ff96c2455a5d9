package arca.monitor.sim;

/** Reports that the monitor did something that it must never do. */
public final class Violation extends AssertionError {
    private static final long serialVersionUID = 1;

    public Violation(String what) {
        super(what);
    }

    static Violation of(String format, Object... arguments) {
        return new Violation(String.format(format, arguments));
    }

    @Override
    public String toString() {
        return getMessage();
    }
}
