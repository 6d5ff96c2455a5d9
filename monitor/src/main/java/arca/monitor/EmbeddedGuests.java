package arca.monitor;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Holds the embedded guests of a monitor that are not closed yet. Any thread. */
final class EmbeddedGuests {
    private final Set<EmbeddedGuest> live = new LinkedHashSet<>();
    private boolean stopped;

    /** Adds a guest. Returns false, and does not add it, if {@link #stop} has been called. */
    synchronized boolean add(EmbeddedGuest guest) {
        return !stopped && live.add(guest);
    }

    synchronized void remove(EmbeddedGuest guest) {
        live.remove(guest);
    }

    /** Returns the guests that are here. */
    synchronized List<EmbeddedGuest> all() {
        return List.copyOf(live);
    }

    /** Lets no more guests in, and returns those that are here. */
    synchronized List<EmbeddedGuest> stop() {
        stopped = true;
        return List.copyOf(live);
    }
}
