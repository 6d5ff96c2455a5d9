package arca.monitor.reactor;

import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Finds a handler or a task that spins: the loop gives it turn after turn, and nothing makes progress
 * ({@link Kernel#progress}). Only assertions use it. Loop thread only.
 */
final class SpinDetector {
    /** The largest number of turns that one owner may have while nothing makes progress. */
    static final int MAX_IDLE_TURNS = 1000;

    private final Kernel kernel;
    private final Map<Object, Integer> idleTurns = new IdentityHashMap<>(); // since the last progress
    private long progress;

    SpinDetector(Kernel kernel) {
        this.kernel = kernel;
    }

    /**
     * Counts a turn, after which its owner may get another one at once.
     *
     * @param owner the same object in each of its turns
     * @return false if the owner spins
     */
    boolean mayGoOn(Object owner) {
        long now = kernel.progress();
        if (now == progress) return idleTurns.merge(owner, 1, Integer::sum) <= MAX_IDLE_TURNS;
        progress = now;
        if (!idleTurns.isEmpty()) idleTurns.clear();
        return true;
    }
}
