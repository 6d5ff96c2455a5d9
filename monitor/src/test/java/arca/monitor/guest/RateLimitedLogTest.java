package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.observe.GuestEvent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RateLimitedLogTest {
    private static final long SECOND = 1_000_000_000;

    private static final GuestEvent EVENT = new GuestEvent.DenialsOmitted(1);

    private final List<GuestEvent> reported = new ArrayList<>();
    private final RateLimitedLog log = new RateLimitedLog((_, event) -> reported.add(event));
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

    @Test
    void eventBeyondTheLimitIsNotReported() {
        assertTrue(log.report("g1", EVENT));
        taken(start + 10_000 * SECOND, 1000);
        assertFalse(log.report("g1", EVENT));
        assertEquals(List.of(EVENT), reported);
    }

    @Test
    void observerThatThrowsHarmsNobody() {
        RateLimitedLog throwing = new RateLimitedLog((_, event) -> {
            reported.add(event);
            throw new IllegalStateException("a fault of the embedder's");
        });
        assertTrue(throwing.report("g1", EVENT));
        assertTrue(throwing.report("g1", EVENT));
        assertEquals(List.of(EVENT, EVENT), reported);
    }

    private int taken(long now, int tries) {
        int taken = 0;
        for (int i = 0; i < tries; i++) if (log.tryAcquire(now)) taken++;
        return taken;
    }
}
