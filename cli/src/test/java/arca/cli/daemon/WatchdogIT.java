package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.control.guest.SessionEndedException;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testnet.GoodGuests;
import arca.testnet.HostileGuest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The watchdog finds each guest that blocks its thread in the kernel, and blames no other. */
class WatchdogIT {
    private static final int NOBODY = 65534;
    private static final int KILLED = 128 + 9; // the exit status of a process that was killed by SIGKILL

    private static ServerSocket listener() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    /** A guest that holds the lock of a pipe, and the peer. The next byte of the peer makes the monitor use that pipe. */
    private record Holder(Child guest, String held, Socket peer) implements AutoCloseable {
        static Holder start(MonitorProcess monitor) throws Exception {
            return start(monitor.hostileGuest(), "hold-reader");
        }

        static Holder start(Child guest, String deed) throws Exception {
            try (ServerSocket listener = listener()) {
                HostileGuest.assertConnected(guest.ask("connect " + listener.getLocalPort()));
                Socket peer = listener.accept();
                peer.getOutputStream().write(1); // without a byte the guest cannot hold its read end
                return new Holder(guest, guest.ask(deed), peer);
            }
        }

        void wedge() throws IOException {
            peer.getOutputStream().write(2);
        }

        @Override
        public void close() throws IOException {
            if (!held.equals("held")) ProcessHandle.of(Long.parseLong(held)).ifPresent(ProcessHandle::destroyForcibly);
            guest.close();
            peer.close();
        }
    }

    @Test
    void wedgeIsReportedAndSoIsItsEnd() throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start();
                Holder holder = Holder.start(monitor)) {
            String name = monitor.guest(holder.guest);
            holder.wedge();
            String line = monitor.child().awaitError(" " + name + ": wedged");
            assertTrue(line.contains("(pid " + holder.guest.pid() + ", uid " + uid() + ")"), line);
            assertTrue(line.matches(".* lock of pipe:\\[[0-9]+]; .*"), line);
            assertTrue(line.contains("open in pid " + holder.guest.pid() + " \"java\" (uid " + uid() + ")"), line);
            assertTrue(line.contains("--wedge kill"), line);
            assertEquals("released", holder.guest.ask("release"));
            monitor.child().awaitError(" " + name + ": runs again");
            try (ServerSocket listener = listener()) {
                HostileGuest.assertConnected(holder.guest.ask("connect " + listener.getLocalPort()));
            }
            assertEquals(List.of(line), monitor.child().errors(": wedged"), "said once");
        }
    }

    /** The end that the monitor closes is no descriptor of its any more when close(2) waits for the lock. */
    @Test
    void pipeThatIsBeingClosedIsNamedToo() throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start();
                Child guest = monitor.hostileGuest();
                ServerSocket listener = listener()) {
            guest.ask("connect " + listener.getLocalPort());
            try (Socket peer = listener.accept()) {
                assertEquals("held", guest.ask("hold-writer"));
                peer.setSoLinger(true, 0); // close resets the connection, and the monitor then closes both pipes
            }
            String line = monitor.child().awaitError(": wedged");
            assertTrue(line.contains("open in pid " + guest.pid() + " "), line);
        }
    }

    private static Object uid() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    /** Starts a guest that the monitor may kill: as another user if this is root, else as this user. */
    private static Child killable(MonitorProcess monitor, Path folder) throws Exception {
        if (!uid().equals(0)) return monitor.hostileGuest();
        return HostileGuest.startAs(NOBODY, monitor.control(), readableClasses(folder));
    }

    private static List<String> readableClasses(Path folder) throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        return ChildJvm.sameClassesInJars(folder);
    }

    @Test
    void wedgingGuestIsKilledAndAllOfItIsFreed(@TempDir Path folder) throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start("--wedge", "kill")) {
            Map<Integer, String> before = monitor.descriptors();
            try (Holder holder = Holder.start(killable(monitor, folder), "hold-reader")) {
                String name = monitor.guest(holder.guest);
                holder.wedge();
                assertEquals(KILLED, holder.guest.exitStatus());
                monitor.child().awaitError(" " + name + ": killed pid " + holder.guest.pid());
                assertEquals(-1, holder.peer.getInputStream().read());
                monitor.awaitEnd(name);
            }
            monitor.proc().awaitDescriptors(before);
        }
    }

    @Test
    void guestIsFoundAndKilledWhenNoDescriptorIsLeft(@TempDir Path folder) throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start("--wedge", "kill");
                Holder holder = Holder.start(killable(monitor, folder), "hold-reader")) {
            monitor.proc().leaveRoomFor(0);
            holder.wedge();
            assertEquals(KILLED, holder.guest.exitStatus());
            monitor.child().awaitError(": killed pid " + holder.guest.pid());
        }
    }

    @Test
    void processThatTheGuestGaveThePipeToIsKilled(@TempDir Path folder) throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start("--wedge", "kill");
                Holder holder = Holder.start(killable(monitor, folder), "hold-reader-by-child")) {
            holder.wedge();
            monitor.child().awaitError(": killed pid " + holder.held + " ");
            monitor.child().awaitError(": runs again");
            assertEquals(
                    List.of(), monitor.child().errors(": killed pid " + holder.guest.pid()), "which has it no more");
        }
    }

    @Test
    void rootAndOtherUsersProcessesAreNotKilledButNamed(@TempDir Path folder) throws Exception {
        assumeTrue(uid().equals(0), "only root can start a process of another user's");
        List<String> classes = readableClasses(folder);
        try (MonitorProcess monitor = MonitorProcess.start("--wedge", "kill");
                Child supervisor = HostileGuest.startAs(0, monitor.control(), classes);
                Holder holder = Holder.start(supervisor, "hold-reader-by-child " + NOBODY)) {
            holder.wedge();
            String spared = monitor.child().awaitError(": not killed: ");
            assertTrue(spared.contains("pid " + holder.held + " \"java\" (uid 65534): another user than"), spared);
            assertEquals(List.of(), monitor.child().errors(": killed "));
            assertTrue(
                    ProcessHandle.of(Long.parseLong(holder.held)).orElseThrow().isAlive());
            assertTrue(ProcessHandle.of(supervisor.pid()).orElseThrow().isAlive(), "the supervisor lives");
        }
    }

    @Test
    void monitorStopsAllButTheWedgingGuestAndSaysWhoThatIs() throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start("--drain", "1");
                Holder holder = Holder.start(monitor);
                ServerSocket listener = listener();
                ArcaSession other = monitor.session();
                ArcaStream stream = other.connect((InetSocketAddress) listener.getLocalSocketAddress());
                Socket peer = listener.accept()) {
            holder.wedge();
            monitor.child().awaitError(": wedged");
            monitor.child().signal("TERM");
            assertEquals(-1, stream.inputStream().read(), "the other's connection is cut");
            assertThrows(SocketException.class, () -> peer.getInputStream().read(), "and does not look whole");
            assertThrows(SessionEndedException.class, () -> GoodGuests.listen(other));
            String line = monitor.child().awaitError(": does not end");
            assertTrue(line.contains("pid " + holder.guest.pid() + ", uid "), line);
            assertFalse(Files.exists(monitor.control()), "nobody connects any more");
            holder.guest.kill();
            assertEquals(0, monitor.child().exitStatus());
        }
    }

    @Test
    void monitorThatIsHeldUpAsItStopsKillsWhoDoesIt(@TempDir Path folder) throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start("--drain", "1", "--wedge", "kill");
                Holder holder = Holder.start(killable(monitor, folder), "hold-reader")) {
            monitor.child().signal("TERM");
            assertEquals(KILLED, holder.guest.exitStatus());
            assertEquals(0, monitor.child().exitStatus());
            assertEquals(List.of(), monitor.child().errors(": does not end"));
        }
    }
}
