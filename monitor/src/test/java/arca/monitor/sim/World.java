package arca.monitor.sim;

import java.util.PriorityQueue;
import java.util.SplittableRandom;

/** Virtual time, and what is to happen at which: everything in a history, in one thread, from one seed. */
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

    /** Nanoseconds since the beginning. */
    public long now() {
        return now;
    }

    /** Has something happen {@code nanos} from now; what was given first is first. */
    public void in(long nanos, Runnable action) {
        events.add(new Event(now + nanos, number++, action));
    }

    /** Lets time go by, in which what is due happens: while one thread is in a call, the others run. */
    void elapse(long nanos) {
        long until = now + nanos;
        while (!events.isEmpty() && events.peek().time <= until) happen();
        now = until;
    }

    /** Goes on to the next thing that happens before {@code time}; false, at that time, if there is none. */
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

    /** A number from {@code least} up to, not including, {@code most}, small ones more often. */
    public long skewed(long least, long most) {
        return least + (long) ((most - least) * Math.pow(random.nextDouble(), 3));
    }
}
