package arca.monitor;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The embedded guests of a monitor, from their start to their close. Any thread. */
final class EmbeddedGuests {
    private final Set<EmbeddedGuest> live = new LinkedHashSet<>();
    private boolean stopped;

    /** Adds a guest; returns false once {@link #stop} was called. */
    synchronized boolean add(EmbeddedGuest guest) {
        return !stopped && live.add(guest);
    }

    synchronized void remove(EmbeddedGuest guest) {
        live.remove(guest);
    }

    /** Lets no more guests in, and returns those that are there. */
    synchronized List<EmbeddedGuest> stop() {
        stopped = true;
        return List.copyOf(live);
    }
}
