package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testkit.Patience;
import arca.testnet.EchoPeer;
import arca.testnet.GoodGuests;
import arca.testnet.HostileGuest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What guests share has shares: a user who takes as much as he can of it reaches his share, and others do not notice. All monitors
 * here have the default share, which is a quarter.
 */
class SharesIT {
    private static final int HOSTILE = 65534;
    private static final int LIMIT = 2048; // descriptors of the monitor
    private static final int CONNECTS = 100;
    private static final int UPLOAD = 200 * 1024; // bytes; they fit into a data pipe, and not into the peer's buffer
    private static final int LOCALHOST = 0x7f000001;

    @TempDir
    private Path folder;

    /** Connects to a peer, sends it more than it takes, and ends. */
    private static void connectAndLeave(MonitorProcess monitor, ServerSocket silent) throws IOException {
        ArcaStream stream;
        try (ArcaSession session = monitor.session()) {
            stream = session.connect(new Endpoint(LOCALHOST, silent.getLocalPort()));
            stream.outputStream().write(new byte[UPLOAD]);
        }
        stream.close();
    }

    @Test
    void guestsThatAreGoneHaveAShareOfTheirOwn() throws Exception {
        int gone = 5;
        int mayGoOn = 2; // a quarter of 8
        try (MonitorProcess monitor = MonitorProcess.start("--max-guests", "8");
                EchoPeer peer = new EchoPeer();
                ServerSocket silent = new ServerSocket()) {
            silent.setReceiveBufferSize(1); // the least there is
            silent.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), gone);
            for (int i = 0; i < gone; i++) connectAndLeave(monitor, silent);
            monitor.child().awaitErrors(gone - mayGoOn, ": its 1 connections were cut: the guest is gone");
            try (ArcaSession session = monitor.session()) {
                GoodGuests.connect(session, peer, 0);
            }
            Patience.await(
                    "two guests that are gone",
                    () -> monitor.proc().threads("guest ").size() == mayGoOn);
        }
    }

    @Test
    void warnsAtTheStartIfOneGuestDoesNotFitIntoAShare() throws Exception {
        List<String> prefix = List.of("prlimit", "--nofile=20000");
        try (MonitorProcess monitor = MonitorProcess.start(prefix)) {
            String line = monitor.child().awaitError("one guest with 8192 connections");
            assertTrue(line.contains("needs 25354 descriptors, and the guests of one user may have 49"), line);
        }
        try (MonitorProcess monitor = MonitorProcess.start(prefix, "--max-connections", "1000")) {
            assertEquals(List.of(), monitor.child().errors(" descriptors"));
        }
    }

    @Test
    void descriptorsOfOneUserEndAtItsShare() throws Exception {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can become another user");
        Files.setAttribute(folder, "unix:mode", 0755);
        try (MonitorProcess monitor = MonitorProcess.start(List.of("prlimit", "--nofile=" + LIMIT));
                EchoPeer peer = new EchoPeer();
                ArcaSession victim = monitor.session()) {
            GoodGuests.connect(victim, peer, 0);
            Map<Integer, String> before = monitor.descriptors();
            try (Child hostile = HostileGuest.startAs(HOSTILE, monitor.control(), ChildJvm.sameClassesInJars(folder))) {
                assertEquals("EMFILE (Too many open files)", hostile.ask("listen-everywhere"));
                int open = monitor.descriptors().size();
                assertTrue(open > LIMIT / 8 && open < LIMIT / 2, "descriptors: " + open);
                for (int i = 1; i <= CONNECTS; i++) GoodGuests.connect(victim, peer, i);
                for (int i = 0; i < CONNECTS; i++) {
                    try (ArcaSession other = monitor.session()) {
                        GoodGuests.connect(other, peer, i);
                    }
                }
            }
            monitor.proc().awaitDescriptors(before);
        }
    }
}
