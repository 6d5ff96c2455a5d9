package arca.monitor.server;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HeartbeatTest {
    private final Heartbeat pulse = new Heartbeat();

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
