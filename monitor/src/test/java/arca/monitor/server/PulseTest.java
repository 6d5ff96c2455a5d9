package arca.monitor.server;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PulseTest {
    private final Pulse pulse = new Pulse();

    @Test
    void loopThatWaitsBeatsHoweverLong() {
        pulse.works();
        pulse.waits();
        for (int i = 0; i < 3; i++) assertTrue(pulse.beats());
    }

    @Test
    void loopThatStaysInOneTurnBeatsNoMore() {
        pulse.waits();
        pulse.works();
        assertTrue(pulse.beats());
        assertFalse(pulse.beats());
        assertFalse(pulse.beats());
    }

    @Test
    void loopThatComesRoundBetweenTwoLooksBeats() {
        pulse.works();
        assertTrue(pulse.beats());
        pulse.waits();
        pulse.works();
        assertTrue(pulse.beats());
    }
}
