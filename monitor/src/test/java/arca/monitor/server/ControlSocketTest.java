package arca.monitor.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.control.guest.ArcaSession;
import arca.monitor.Monitor;
import arca.monitor.config.ControlAccess;
import arca.monitor.config.MonitorConfig;
import arca.monitor.policy.Policy;
import arca.testkit.ChildJvm;
import arca.testkit.Together;
import arca.testnet.EchoPeer;
import arca.testnet.GoodGuests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the file that guests connect to: its owner, its mode, and what is at its path before and after. */
class ControlSocketTest {
    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void name() {
        path = folder.resolve("control");
    }

    private Monitor start() throws IOException {
        return Monitor.start(MonitorConfig.builder()
                .control(path)
                .policy(Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("any"))
                .build());
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

    private static String permissions(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    private Path lock() {
        return folder.resolve("control.lock");
    }

    private IOException assertRefused(String why) {
        IOException refusal = assertThrows(IOException.class, this::start);
        assertTrue(refusal.getMessage().contains(why), refusal.getMessage());
        return refusal;
    }

    @Test
    void nothingIsLeftBehind() throws Exception {
        try (Monitor _ = start()) {
            assertTrue(Files.exists(lock()));
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    /** Many threads lock one path, again and again. Never do two of them hold the lock. */
    @Test
    void exactlyOneOfManyHasThePath() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger won = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Together.Action action = () -> {
            for (int i = 0; i < 5000; i++) {
                ControlLock lock;
                try {
                    lock = ControlLock.take(path);
                } catch (IOException e) {
                    assertEquals(path + ": another monitor runs here: stop it, or use another path", e.getMessage());
                    continue;
                }
                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                won.incrementAndGet();
                Thread.yield(); // gives another thread time to take the lock, if it could
                running.decrementAndGet();
                lock.close();
            }
        };
        Together.run(Collections.nCopies(8, action).toArray(Together.Action[]::new));
        assertEquals(1, most.get());
        assertTrue(won.get() > 0);
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void successorsFilesAreLeftAlone() throws Exception {
        Path first = Files.createDirectory(folder.resolve("run"));
        path = first.resolve("control");
        try (Monitor old = start()) {
            Files.delete(path);
            Files.delete(first.resolve("control.lock"));
            Files.delete(first);
            Files.createDirectory(first); // as a service manager does when it starts a service again
            try (Monitor _ = start()) {
                old.stop();
                assertServes();
            }
        }
    }

    @Test
    void symbolicLinkForTheLockMakesNoFile() throws Exception {
        Path elsewhere = folder.resolve("made by the monitor");
        Files.createSymbolicLink(lock(), elsewhere);
        assertRefused(lock() + ": this is not a lock file");
        assertFalse(Files.exists(elsewhere));
        assertTrue(Files.isSymbolicLink(lock()));
        Files.writeString(elsewhere, "precious"); // a link to a file is left alone, too
        Files.setPosixFilePermissions(elsewhere, PosixFilePermissions.fromString("rw-------"));
        assertRefused(lock() + ": this is not a lock file");
        assertEquals("precious", Files.readString(elsewhere));
    }

    @Test
    void anythingElseForTheLockIsRefusedAndStays() throws Exception {
        assertEquals(
                0,
                ChildJvm.run(List.of("mkfifo", "-m", "600", lock().toString())).status());
        assertRefused("not a lock file");
        assertTrue(Files.exists(lock()));
        Files.delete(lock());
        Files.createDirectory(lock());
        assertRefused("not a lock file");
        Files.delete(lock());
        Files.createFile(lock(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----")));
        assertRefused("not a lock file"); // others could open the file and hold its lock
        Files.setPosixFilePermissions(lock(), PosixFilePermissions.fromString("rw-------"));
        Files.createLink(folder.resolve("second name"), lock());
        assertRefused("not a lock file");
        Files.delete(folder.resolve("second name"));
        try (Monitor _ = start()) {
            assertServes();
        }
    }

    /** In a sticky directory such as /tmp, others may create files, but may not replace the monitor's. */
    @Test
    void strangerInAStickyDirectoryStopsNothing() throws Exception {
        assumeRoot();
        Files.setAttribute(folder, "unix:mode", 01777);
        try (Monitor _ = start()) {
            for (String attack : List.of("exec 3<" + lock(), "rm -f " + path, "mv " + path + " " + folder + "/x")) {
                assertTrue(asNobody(attack).status() != 0, attack);
            }
            assertServes();
        }
        assertEquals(0, asNobody("umask 077; : >" + lock()).status());
        assertRefused(lock() + ": this is not a lock file of uid 0");
        Files.delete(lock());
        String bind = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])";
        assertEquals(0, asNobody("python3 -c '" + bind + "' " + path).status());
        assertRefused("a socket of uid 65534 is there");
        assertTrue(Files.exists(path));
        assertFalse(Files.exists(lock()));
    }

    private static void assumeRoot() throws IOException {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can become another user");
    }

    private static ChildJvm.Result asNobody(String command) throws Exception {
        return ChildJvm.run(
                List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", command));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rwxrwxrwx", "rwxrwxr-x", "rwxr-xrwx"})
    void directoryThatOthersMayWriteToIsRefused(String permissions) throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(permissions));
        assertRefused(folder + ": others may write to this directory");
        try (Stream<Path> made = Files.list(folder)) {
            assertEquals(List.of(), made.toList());
        }
    }

    @Test
    void directoryOfAnotherUserIsRefused() throws Exception {
        assumeRoot();
        Files.setAttribute(folder, "unix:uid", 65534);
        assertRefused(folder + ": this directory belongs to uid 65534");
    }

    @Test
    void linkOnTheWayIsFollowedIfItIsNotAStrangers() throws Exception {
        Path real = Files.createDirectory(folder.resolve("real"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);
        path = link.resolve("control");
        try (Monitor _ = start()) {
            assertServes();
        }
        assumeRoot();
        Files.setAttribute(link, "unix:uid", 65534, LinkOption.NOFOLLOW_LINKS);
        assertRefused(link + ": a symbolic link that belongs to uid 65534");
        try (Stream<Path> made = Files.list(real)) {
            assertEquals(List.of(), made.toList());
        }
    }

    @Test
    void directoryThatCannotBeUsedIsNamed() throws Exception {
        path = folder.resolve("missing").resolve("deeper").resolve("control");
        assertRefused(folder.resolve("missing") + ": no such directory: make it");
        path = Files.writeString(folder.resolve("file"), "").resolve("control");
        assertRefused(folder.resolve("file") + ": this is not a directory");
        path = Path.of("/");
        assertRefused("/: this is a directory");
    }

    @Test
    void directoryThatMayNotBeSearchedIsNamed() throws Exception {
        assumeFalse(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "root may search every directory");
        Path closed = Files.createDirectory(folder.resolve("closed"));
        Files.createDirectory(closed.resolve("inner"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rw-------"));
        try {
            path = closed.resolve("control");
            assertRefused(closed + ": uid ");
            path = closed.resolve("inner").resolve("control");
            assertRefused(closed + ": uid ");
        } finally {
            Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
        }
    }

    @Test
    void fileHasTheModeAndGroupThatWereAskedFor() throws Exception {
        GroupPrincipal own =
                Files.readAttributes(folder, PosixFileAttributes.class).group();
        MonitorConfig config = MonitorConfig.builder().control(path).build();
        try (Monitor _ = Monitor.start(config.toBuilder()
                .access(new ControlAccess(0666, Optional.of(own)))
                .build())) {
            assertEquals("rw-rw-rw-", permissions(path)); // the umask takes nothing away
            assertEquals(
                    own, Files.readAttributes(path, PosixFileAttributes.class).group());
        }
        assumeRoot();
        GroupPrincipal nobody =
                path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName("65534");
        try (Monitor _ = Monitor.start(config.toBuilder()
                .access(new ControlAccess(0660, Optional.of(nobody)))
                .build())) {
            assertEquals("rw-rw----", permissions(path));
            assertEquals(65534, Files.getAttribute(path, "unix:gid"));
            Files.setAttribute(folder, "unix:mode", 0755);
            String connect = "python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' ";
            assertEquals(0, asNobody(connect + path).status());
        }
    }
}
