package arca.monitor.sim;

import java.util.SplittableRandom;

/** What a kernel may refuse at a call, though nothing is wrong with it: drawn anew each time. Never EAGAIN. */
final class Faults {
    private final SplittableRandom random;
    private final int oneIn;

    /** One fault in so many calls that can have one; none where that is 0. */
    Faults(SplittableRandom random, int oneIn) {
        this.random = random;
        this.oneIn = oneIn;
    }

    /** 0, or one of these with a minus. */
    int draw(int... errnos) {
        return oneIn > 0 && random.nextInt(oneIn) == 0 ? -errnos[random.nextInt(errnos.length)] : 0;
    }

    /** A count that may be short: 1 to {@code count}. */
    int shorten(int count) {
        return count > 1 && oneIn > 0 && random.nextInt(oneIn) == 0 ? 1 + random.nextInt(count) : count;
    }
}
