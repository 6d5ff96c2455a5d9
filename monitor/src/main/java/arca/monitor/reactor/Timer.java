package arca.monitor.reactor;

/** An action that a loop runs once, at a later time: see {@link Reactor#schedule}. Loop thread only. */
public final class Timer implements Comparable<Timer> {
    private final Runnable action;

    // The reactor's.
    long deadline; // by the kernel's clock, in nanoseconds
    long sequence; // orders timers of the same deadline: the one that was scheduled first comes first
    boolean scheduled;

    /** Creates a timer that is not scheduled. */
    public Timer(Runnable action) {
        this.action = action;
    }

    /** Returns whether the timer is scheduled and has not run since. */
    public boolean isScheduled() {
        return scheduled;
    }

    void run() {
        action.run();
    }

    @Override
    public int compareTo(Timer other) {
        // The sign of the difference, unlike Long.compare, is right when the clock passes its largest value.
        int byTime = Long.signum(deadline - other.deadline);
        return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
    }
}
