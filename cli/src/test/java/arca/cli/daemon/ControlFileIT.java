package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.guest.ArcaSession;
import arca.testkit.Child;
import arca.testnet.GoodGuests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The files of a control socket: the effects of the daemon's umask, and what it leaves when it is killed. */
class ControlFileIT {
    private Path folder; // deleted with the monitor
    private Path control;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = Files.createTempDirectory("arca");
        control = folder.resolve("control");
    }

    private Path lock() {
        return folder.resolve("control.lock");
    }

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    /** With this umask, bind(2) would let everybody use the file. The listener's own mode counts, from the first moment. */
    @Test
    void filesAreForTheirOwnerOnly() throws Exception {
        List<String> anybody = List.of("sh", "-c", "umask 0; exec \"$@\"", "sh");
        try (MonitorProcess monitor = MonitorProcess.startAt(control, anybody)) {
            assertEquals("rw-------", permissions(control));
            assertEquals("rw-------", permissions(lock()));
            assertEquals(List.of(), monitor.child().errors("others may write"));
        }
    }

    @Test
    void filesOfAKilledMonitorAreUsedAgain() throws Exception {
        Child killed = MonitorProcess.startAt(control, List.of()).child();
        killed.close();
        assertTrue(Files.exists(lock()) && Files.exists(control));
        try (MonitorProcess next = MonitorProcess.startAt(control, List.of())) {
            try (ArcaSession guest = next.session()) {
                GoodGuests.listen(guest);
            }
            next.child().signal("TERM");
            assertEquals(0, next.child().exitStatus());
            assertFalse(Files.exists(lock()) || Files.exists(control));
        }
    }

    @Test
    void directoryAboveThatOthersMayWriteToIsWarnedOf() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path inner = Files.createDirectory(folder.resolve("inner"));
        Files.setPosixFilePermissions(inner, PosixFilePermissions.fromString("rwx------"));
        try (MonitorProcess monitor = MonitorProcess.startAt(inner.resolve("control"), List.of())) {
            String warning = monitor.child().awaitError("others may write to this directory");
            assertTrue(warning.contains(" WARN ") && warning.contains(folder + ": "), warning);
        } finally {
            Files.delete(folder);
        }
    }
}
