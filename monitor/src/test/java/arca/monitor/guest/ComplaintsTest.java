package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ComplaintsTest {
    private static final long SECOND = 1_000_000_000;

    private final Complaints complaints = new Complaints();
    private final long start = System.nanoTime();

    @Test
    void hundredLinesComeAtOnceAndNoMore() {
        assertEquals(100, taken(start, 1000));
    }

    @Test
    void twoMoreComeEachSecond() {
        taken(start, 1000);
        assertFalse(complaints.takeLine(start + SECOND / 4));
        assertTrue(complaints.takeLine(start + SECOND));
        assertTrue(complaints.takeLine(start + SECOND));
        assertFalse(complaints.takeLine(start + SECOND));
    }

    @Test
    void quietTimeDoesNotSaveMoreThanThat() {
        taken(start, 1000);
        assertEquals(100, taken(start + 10_000 * SECOND, 1000));
    }

    private int taken(long now, int tries) {
        int taken = 0;
        for (int i = 0; i < tries; i++) if (complaints.takeLine(now)) taken++;
        return taken;
    }
}
