package arca.monitor.sim;

import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Virtual time, and a queue of future events. Everything in a history happens in one thread and is drawn from one seed.
 */
public final class World {
    private record Event(long time, long number, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return time != other.time ? Long.compare(time, other.time) : Long.compare(number, other.number);
        }
    }

    final SplittableRandom random;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long now;
    private long number;

    public World(SplittableRandom random) {
        this.random = random;
    }

    /** Returns the nanoseconds since the beginning. */
    public long now() {
        return now;
    }

    /**
     * Schedules an action {@code nanos} from now. Of two actions at the same time, the one scheduled first runs first.
     */
    public void in(long nanos, Runnable action) {
        events.add(new Event(now + nanos, number++, action));
    }

    /** Lets time pass, and runs what is due: while one thread is in a call, the others run. */
    void elapse(long nanos) {
        long until = now + nanos;
        while (!events.isEmpty() && events.peek().time <= until) happen();
        now = until;
    }

    /** Runs the next event, at {@code time} at the latest. Returns false, at that time, if there is none. */
    boolean next(long time) {
        if (!events.isEmpty() && events.peek().time <= time) {
            happen();
            return true;
        }
        if (time != Long.MAX_VALUE) now = Math.max(now, time);
        return false;
    }

    private void happen() {
        Event event = events.remove();
        now = Math.max(now, event.time);
        event.action.run();
    }

    /** Draws a number from {@code least} to {@code most}, exclusive. Small numbers are more likely. */
    public long skewed(long least, long most) {
        return least + (long) ((most - least) * Math.pow(random.nextDouble(), 3));
    }
}
