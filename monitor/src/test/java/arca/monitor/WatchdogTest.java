package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.control.guest.SessionEndedException;
import arca.testkit.Child;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A guest that holds its thread in the kernel is found out, and only such a one. */
@Timeout(90)
class WatchdogTest {
    private static final long SECOND = 1_000_000_000;
    private static final int KILLED = 128 + 9; // the exit status of a process that SIGKILL has ended

    private static ServerSocket listener() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    /** A guest that holds a pipe, and its connection's peer, whose next byte will have the monitor touch that. */
    private record Holder(Child guest, Socket peer) implements AutoCloseable {
        static Holder start(MonitorProcess monitor) throws Exception {
            Child guest = monitor.hostileGuest();
            try (ServerSocket listener = listener()) {
                assertEquals("ring_size 262144", guest.ask("connect " + listener.getLocalPort()));
                Holder holder = new Holder(guest, listener.accept());
                holder.peer.getOutputStream().write(1); // without a byte the guest cannot hold its read end
                assertEquals("held", guest.ask("hold-reader"));
                return holder;
            }
        }

        void wedge() throws IOException {
            peer.getOutputStream().write(2);
        }

        @Override
        public void close() throws IOException {
            guest.close();
            peer.close();
        }
    }

    @Test
    void wedgeIsReportedWithinASecondAndSoIsItsEnd() throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start();
                Holder holder = Holder.start(monitor)) {
            String name = monitor.guest(holder.guest);
            long start = System.nanoTime();
            holder.wedge();
            String line = monitor.child().awaitError(" " + name + ": wedged");
            long nanos = System.nanoTime() - start;
            assertTrue(line.contains("(pid " + holder.guest.pid() + ", uid " + uid() + ")"), line);
            assertTrue(line.contains("--wedge kill"), line);
            assertTrue(nanos <= SECOND, () -> "reported after " + nanos + " ns");
            assertEquals("let go", holder.guest.ask("let-go"));
            monitor.child().awaitError(" " + name + ": runs again");
            try (ServerSocket listener = listener()) {
                assertEquals("ring_size 262144", holder.guest.ask("connect " + listener.getLocalPort()));
            }
            assertEquals(List.of(line), monitor.child().errors(": wedged"), "said once");
        }
    }

    private static Object uid() throws IOException {
        return Files.getAttribute(java.nio.file.Path.of("/proc/self"), "unix:uid");
    }

    @Test
    void busyLoopIsNotTakenForAWedge() throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start();
                Child guest = monitor.hostileGuest();
                ServerSocket listener = listener()) {
            guest.ask("connect " + listener.getLocalPort());
            try (Socket peer = listener.accept()) {
                assertEquals("writing", guest.ask("write-without-end"));
                InputStream in = peer.getInputStream();
                long looks = monitor.proc().rounds("watchdog") + 8;
                byte[] block = new byte[1 << 20];
                while (monitor.proc().rounds("watchdog") < looks) in.readNBytes(block, 0, block.length);
            }
            assertEquals(List.of(), monitor.child().errors("wedged"));
        }
    }

    @Test
    void wedgingGuestIsKilledAndAllOfItIsFreed() throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start("--wedge", "kill")) {
            Map<Integer, String> before = monitor.descriptors();
            try (Holder holder = Holder.start(monitor)) {
                String name = monitor.guest(holder.guest);
                holder.wedge();
                assertEquals(KILLED, holder.guest.await());
                monitor.child().awaitError(" " + name + ": killed pid " + holder.guest.pid());
                assertEquals(-1, holder.peer.getInputStream().read());
                monitor.awaitEnd(name);
            }
            monitor.proc().awaitDescriptors(before);
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
            assertEquals(0, monitor.child().await());
        }
    }

    @Test
    void monitorThatIsHeldUpAsItStopsKillsWhoDoesIt() throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start("--drain", "1", "--wedge", "kill");
                Holder holder = Holder.start(monitor)) {
            monitor.child().signal("TERM");
            assertEquals(KILLED, holder.guest.await());
            assertEquals(0, monitor.child().await());
            assertEquals(List.of(), monitor.child().errors(": does not end"));
        }
    }
}
