package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.control.guest.ArcaSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The file that guests connect to: whose it is, who may use it, and what is there before and after. */
@Timeout(90)
class ControlSocketTest {
    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void name() {
        path = folder.resolve("control");
    }

    private Monitor start() throws IOException {
        return Monitor.start(MonitorConfig.DEFAULT
                .withControl(path)
                .withPolicy(Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("any")));
    }

    private void assertServes() throws Exception {
        try (ArcaSession session = ArcaSession.connect(path);
                EchoPeer peer = new EchoPeer()) {
            GoodGuests.connect(session, peer, 1);
        }
    }

    @Test
    void secondMonitorOnOnePathRefusesAndTheFirstIsUnharmed() throws Exception {
        try (Monitor _ = start()) {
            IOException refusal = assertThrows(IOException.class, this::start);
            assertEquals(path + ": another monitor runs here: stop it, or use another path", refusal.getMessage());
            assertServes();
        }
    }

    @Test
    void socketFileThatIsLeftOverIsReplaced() throws Exception {
        try (Fd _ = Sockets.listen(SocketAddress.Unix.path(path.toString()), 0, 1)) {}
        assertTrue(Files.exists(path), "a socket's file stays when it closes");
        try (Monitor _ = start()) {
            assertServes();
        }
        assertFalse(Files.exists(path), "the monitor's own is removed");
    }

    @Test
    void fileThatIsNoSocketIsLeftAlone() throws Exception {
        Files.writeString(path, "precious");
        IOException refusal = assertThrows(IOException.class, this::start);
        assertTrue(refusal.getMessage().startsWith(path + ": "), refusal.getMessage());
        assertEquals("precious", Files.readString(path));
        Files.delete(path);
        Files.createDirectory(path);
        assertThrows(IOException.class, this::start);
        assertTrue(Files.isDirectory(path));
    }

    @Test
    void symbolicLinkIsLeftAlone() throws Exception {
        Path precious = Files.writeString(folder.resolve("precious"), "precious");
        Files.createSymbolicLink(path, precious);
        assertThrows(IOException.class, this::start);
        assertEquals("precious", Files.readString(precious));
        assertTrue(Files.isSymbolicLink(path));
    }

    /** The umask would give the file to all; it is the listener's own mode that counts, so there is no moment before. */
    @Test
    void fileIsItsOwnersAlone() throws Exception {
        List<String> anybody = List.of("sh", "-c", "umask 0; exec \"$@\"", "sh");
        try (MonitorProcess monitor = MonitorProcess.startAt(path, anybody)) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("control.lock"))));
            assertEquals(List.of(), monitor.child().errors("others may write"));
        }
    }

    @Test
    void directoryThatOthersMayWriteToIsWarnedOf() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (MonitorProcess monitor = MonitorProcess.startAt(path, List.of())) {
            String warning = monitor.child().awaitError("others may write to this directory");
            assertTrue(warning.contains(" WARN ") && warning.contains(folder + ": "), warning);
        }
    }

    @Test
    void missingDirectoryIsNamed() {
        path = folder.resolve("missing").resolve("control");
        IOException refusal = assertThrows(IOException.class, this::start);
        assertTrue(refusal.toString().contains(folder.resolve("missing").toString()), refusal.toString());
    }
}
