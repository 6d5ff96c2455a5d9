package arca.monitor.reactor;

/** Something to be done at a time to come, by a loop: {@link Reactor#schedule}. */
public final class Timer implements Comparable<Timer> {
    private final Runnable action;
    long deadline; // of the kernel's clock, in nanoseconds
    long number; // tells timers of one deadline apart, in the order they were scheduled
    boolean scheduled;

    /** A timer that is not scheduled yet. */
    public Timer(Runnable action) {
        this.action = action;
    }

    /** Whether it will be due. */
    public boolean isScheduled() {
        return scheduled;
    }

    void run() {
        action.run();
    }

    @Override
    public int compareTo(Timer other) {
        int byTime = Long.signum(deadline - other.deadline); // not Long.compare: the clock may pass its largest value
        return byTime != 0 ? byTime : Long.compare(number, other.number);
    }
}
