package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;

import arca.bindings.Errno;
import java.util.function.BooleanSupplier;

/** Lets time pass while the loop waits for events. A wait for an event that cannot come is a violation. */
final class SimWaits {
    private static final int ALWAYS = EPOLLERR | EPOLLHUP;
    private static final int POLL_ON_STACK = 9; // entries for which poll(2) needs no memory: fs/select.c
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final World world;
    private final Faults faults;
    private final Directions directions;

    SimWaits(World world, Faults faults, Directions directions) {
        this.world = world;
        this.faults = faults;
        this.directions = directions;
    }

    /**
     * Waits until there are events. Returns 1 if there are some, 0 if the time is over, or {@code -errno}.
     *
     * @param errnos the errors that the call may return
     */
    int await(BooleanSupplier events, int timeoutMillis, int... errnos) {
        if (events.getAsBoolean()) return 1;
        if (timeoutMillis == 0) return 0;
        int fault = faults.draw(errnos);
        if (fault != 0) return fault;
        long until = timeoutMillis < 0 ? Long.MAX_VALUE : world.now() + timeoutMillis * NANOS_PER_MILLI;
        directions.findStarved();
        while (world.next(until)) {
            if (events.getAsBoolean()) return 1;
            directions.findStarved();
        }
        if (timeoutMillis < 0)
            throw new Violation("stalled: the loop waits without a timeout, and nothing more will happen");
        return 0;
    }

    /**
     * Waits for events of files: poll(2). Returns how many files have some, or {@code -errno}.
     *
     * @param files the files; null where there is none
     */
    int poll(SimFile[] files, int[] events, int[] revents, int timeoutMillis) {
        if (files.length == 0) { // a sleep on purpose
            world.elapse(timeoutMillis * NANOS_PER_MILLI);
            return 0;
        }
        int[] errnos = files.length > POLL_ON_STACK ? new int[] {Errno.EINTR, Errno.ENOMEM} : new int[] {Errno.EINTR};
        int n = timeoutMillis == 0 ? 0 : await(() -> look(files, events, revents) > 0, timeoutMillis, errnos);
        return n < 0 ? n : look(files, events, revents);
    }

    private static int look(SimFile[] files, int[] events, int[] revents) {
        int n = 0;
        for (int i = 0; i < files.length; i++) {
            revents[i] = files[i] == null ? 0 : files[i].events() & (events[i] | ALWAYS);
            if (revents[i] != 0) n++;
        }
        return n;
    }
}
