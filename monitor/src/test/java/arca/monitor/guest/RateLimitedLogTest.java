package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RateLimitedLogTest {
    private static final long SECOND = 1_000_000_000;

    private final RateLimitedLog log = new RateLimitedLog((_, _) -> {});
    private final long start = System.nanoTime();

    @Test
    void hundredLinesMayComeAtOnce() {
        assertEquals(100, taken(start, 1000));
    }

    @Test
    void twoMoreMayComeEachSecond() {
        taken(start, 1000);
        assertFalse(log.tryAcquire(start + SECOND / 4));
        assertTrue(log.tryAcquire(start + SECOND));
        assertTrue(log.tryAcquire(start + SECOND));
        assertFalse(log.tryAcquire(start + SECOND));
    }

    @Test
    void quietTimeDoesNotRaiseTheLimit() {
        taken(start, 1000);
        assertEquals(100, taken(start + 10_000 * SECOND, 1000));
    }

    private int taken(long now, int tries) {
        int taken = 0;
        for (int i = 0; i < tries; i++) if (log.tryAcquire(now)) taken++;
        return taken;
    }
}
