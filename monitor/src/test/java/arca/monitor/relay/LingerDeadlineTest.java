package arca.monitor.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LingerDeadlineTest {
    private static final long SECOND = 1_000_000_000;
    private static final long LINGER = 300 * SECOND;
    private static final long START = Long.MAX_VALUE - 10 * SECOND; // System.nanoTime() may be any number

    private final LingerDeadline deadline = new LingerDeadline(LINGER, START, 1_000_000);

    @Test
    void silentPeerHasTheLingerTime() {
        assertEquals(LINGER, deadline.left(START, 1_000_000));
        assertEquals(1, deadline.left(START + LINGER - 1, 1_000_000));
        assertEquals(0, deadline.left(START + LINGER, 1_000_000));
        assertEquals(LINGER, deadline.silence(START + LINGER));
    }

    @Test
    void fastPeerMayPauseForTheLingerTimeAgainAndAgain() {
        long acknowledged = 1_000_000;
        for (int pause = 1; pause <= 10; pause++) {
            acknowledged += 1 << 20;
            long now = START + pause * (LINGER - 1);
            assertEquals(LINGER, deadline.left(now, acknowledged));
            assertEquals(0, deadline.silence(now));
        }
    }

    @Test
    void slowPeerIsCutThoughItIsNeverSilent() {
        long seconds = 0;
        do seconds += 10;
        while (deadline.left(START + seconds * SECOND, 1_000_000 + 205 * seconds) > 0);
        assertEquals(380, seconds); // 300 s, and a second for each 1,024 of 77,900 bytes
    }

    @Test
    void peerAtTheLeastRateIsNotCut() {
        for (long seconds = 0; seconds < 100_000; seconds += 10) {
            assertTrue(deadline.left(START + seconds * SECOND, 1_000_000 + LingerDeadline.LEAST_RATE * seconds) > 0);
        }
    }
}
