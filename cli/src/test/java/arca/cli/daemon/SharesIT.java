package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.control.guest.ArcaSession;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testnet.EchoPeer;
import arca.testnet.GoodGuests;
import arca.testnet.HostileGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A hostile process of another user takes as much as it can of what guests share. The others do not notice. */
class SharesIT {
    private static final int HOSTILE = 65534;
    private static final int LIMIT = 2048; // descriptors of the monitor
    private static final int CONNECTS = 100;

    @TempDir
    private Path folder;

    @BeforeAll
    static void asRoot() throws IOException {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can become another user");
    }

    @Test
    void descriptorsOfOneUserEndAtItsShare() throws Exception {
        Files.setAttribute(folder, "unix:mode", 0755);
        try (MonitorProcess monitor = MonitorProcess.start(List.of("prlimit", "--nofile=" + LIMIT), "--share", "25");
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
