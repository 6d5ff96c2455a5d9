package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./arca monitor} behind a pager or a log driver that has stopped to read its stderr. */
class UnreadStderrIT {
    private static final int GUESTS = 1500; // each is two lines of 50 bytes or more, and a pipe takes 64 KiB
    private static final int LEAST_UNREAD =
            16384; // bytes, of a pipe with pages that are half full and a reader's buffers

    @TempDir
    Path folder;

    @Test
    void guestsAreServedAndASignalEndsTheMonitor() throws Exception {
        Path control = folder.resolve("a.sock");
        try (Arca monitor = Arca.startMonitor(control, "--log-level", "debug", "--share", "100");
                BufferedReader err =
                        new BufferedReader(new InputStreamReader(monitor.child().error(), StandardCharsets.UTF_8))) {
            String line = err.readLine();
            while (!line.contains("ready: ")) line = err.readLine();
            try (ArcaSession early = ArcaSession.connect(control)) {
                for (int i = 0; i < GUESTS; i++) {
                    try (ArcaSession late = ArcaSession.connect(control)) {
                        assertDenied(late);
                    }
                }
                assertDenied(early);
            }
            monitor.signal("TERM");
            assertEquals(0, monitor.status());
            assertTrue(Files.notExists(control));
            int unread = String.join("\n", err.readAllLines()).length();
            assertTrue(unread >= LEAST_UNREAD, () -> "the pipe was not full: " + unread + " bytes");
        }
    }

    /** A denial is logged before it is answered. */
    private static void assertDenied(ArcaSession guest) throws IOException {
        Endpoint nowhere = Endpoint.parse("192.0.2.1:80");
        assertEquals(
                Errno.EACCES,
                assertThrows(ErrnoException.class, () -> guest.connect(nowhere)).errno());
    }
}
