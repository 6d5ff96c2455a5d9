package arca.monitor.sim;

import java.util.SplittableRandom;

/** Draws the errors that a kernel may return from a correct call, such as ENOMEM. Never EAGAIN. */
final class Faults {
    private final SplittableRandom random;
    private final int oneIn;

    /**
     * Creates a source of faults.
     *
     * @param oneIn one call of this many fails, among those that can fail; 0 for no faults
     */
    Faults(SplittableRandom random, int oneIn) {
        this.random = random;
        this.oneIn = oneIn;
    }

    /** Returns 0 for no fault, or one of these errnos, negated. */
    int draw(int... errnos) {
        return oneIn > 0 && random.nextInt(oneIn) == 0 ? -errnos[random.nextInt(errnos.length)] : 0;
    }

    /** Returns a count that may be short: 1 to {@code count}. */
    int shorten(int count) {
        return count > 1 && oneIn > 0 && random.nextInt(oneIn) == 0 ? 1 + random.nextInt(count) : count;
    }
}
