package arca.control;

import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One sequence of ids for a whole monitor, whichever guest they go to: 1, 2, 3 … 4294967295, 1, … leaving out those
 * that are live. There is one for listeners, one for connections and one for pipes. 0 is reserved, and never given.
 *
 * <p>For any number of threads; lock-free, so a thread that is stopped here stops no other.
 */
public final class IdAllocator {
    private final AtomicInteger next;
    // Not a ConcurrentHashMap: that locks its bins.
    private final Set<Integer> live = new ConcurrentSkipListSet<>();

    /** A sequence that begins at 1. */
    public IdAllocator() {
        this(new AtomicInteger(1));
    }

    /** For tests, which move it on: a lap takes 4294967295 ids. */
    IdAllocator(AtomicInteger next) {
        this.next = next;
    }

    /**
     * Takes the next id that is not live; it is live from now until {@link #release}.
     *
     * @return the id, u32, never 0
     */
    public int take() {
        int id;
        do {
            id = next.getAndIncrement();
        } while (id == 0 || !live.add(id));
        return id;
    }

    /**
     * Ends an id's life. It is given again when the sequence comes round to it.
     *
     * @param id one that {@link #take} gave and that was not released since
     * @throws IllegalStateException if it is not live
     */
    public void release(int id) {
        if (!live.remove(id)) throw new IllegalStateException("id " + Integer.toUnsignedString(id) + " is not live");
    }
}
