package arca.monitor.server;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HeartbeatTest {
    private final Heartbeat heartbeat = new Heartbeat();

    @Test
    void loopThatWaitsBeatsHoweverLong() {
        heartbeat.works();
        heartbeat.waits();
        for (int i = 0; i < 3; i++) assertTrue(heartbeat.beats());
    }

    @Test
    void loopThatStaysInOneTurnBeatsNoMore() {
        heartbeat.waits();
        heartbeat.works();
        assertTrue(heartbeat.beats());
        assertFalse(heartbeat.beats());
        assertFalse(heartbeat.beats());
    }

    @Test
    void loopThatComesRoundBetweenTwoLooksBeats() {
        heartbeat.works();
        assertTrue(heartbeat.beats());
        heartbeat.waits();
        heartbeat.works();
        assertTrue(heartbeat.beats());
    }
}
