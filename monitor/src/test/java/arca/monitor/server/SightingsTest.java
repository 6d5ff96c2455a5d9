package arca.monitor.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.server.ThreadState.Where;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests when the watchdog reports a thread. Times are counted in looks. */
class SightingsTest {
    private static final int LOOKS = 500; // two minutes

    private final Sightings sightings = new Sightings();

    /** Returns the looks at which a report is due, for a thread that is always in one place, in calls that are this far apart. */
    private List<Integer> due(Where where, int step, boolean soon) {
        List<Integer> due = new ArrayList<>();
        for (int look = 1; look <= LOOKS; look++) {
            assertFalse(sightings.note(7 + (long) step * look, where));
            if (!sightings.isDue()) continue;
            due.add(look);
            sightings.reported(soon);
        }
        return due;
    }

    @ParameterizedTest
    @EnumSource(names = {"PIPE_LOCK", "UNKNOWN"})
    void waitIsReportedAtTheSecondLookAndThenEachMinute(Where where) {
        assertEquals(List.of(2, 242, 482), due(where, 0, false));
    }

    @Test
    void waitThatSomethingWasDoneAboutIsReportedEachSecond() {
        assertEquals(List.of(2, 6, 10, 14), due(Where.PIPE_LOCK, 0, true).subList(0, 4));
    }

    @ParameterizedTest
    @EnumSource(names = {"FREE", "ELSEWHERE", "ENDED"})
    void anythingElseIsNot(Where where) {
        assertEquals(List.of(), due(where, 0, false));
    }

    /** A loop that works on a pipe waits for the pipe's lock now and then, each time in another call. */
    @Test
    void threadThatGoesFromCallToCallIsNot() {
        assertEquals(List.of(), due(Where.PIPE_LOCK, 1, false));
    }

    @Test
    void endIsToldOfWhatWasReportedAndOnce() {
        assertFalse(sightings.note(1, Where.PIPE_LOCK));
        assertFalse(sightings.note(2, Where.PIPE_LOCK), "it was not reported");
        assertFalse(sightings.note(2, Where.PIPE_LOCK));
        assertTrue(sightings.isDue());
        sightings.reported(false);
        assertTrue(sightings.note(2, Where.FREE), "in the same call");
        assertFalse(sightings.note(3, Where.FREE));
        assertFalse(sightings.isDue());
    }

    @Test
    void nextWaitIsReportedAsSoonAsTheFirst() {
        due(Where.PIPE_LOCK, 0, false);
        assertTrue(sightings.note(8, Where.PIPE_LOCK));
        assertFalse(sightings.isDue());
        sightings.note(8, Where.PIPE_LOCK);
        assertTrue(sightings.isDue());
    }
}
