package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.ChildJvm;
import arca.testnet.EchoPeer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A monitor that sees nothing of /proc but processes, as in some containers: proc(5), the mount option subset=pid. */
class BareProcIT {
    private static final List<String> BARE =
            List.of("unshare", "--mount", "sh", "-c", "mount -t proc -o subset=pid proc /proc && exec \"$@\"", "sh");

    @Test
    void monitorStartsAndSaysOnceWhatItDoesNotKnow() throws Exception {
        List<String> probe = new ArrayList<>(BARE);
        probe.addAll(List.of("test", "!", "-e", "/proc/meminfo"));
        ChildJvm.Result possible = ChildJvm.run(probe);
        assumeTrue(possible.status() == 0, "no such /proc can be mounted here: " + possible.output());
        try (MonitorProcess monitor = MonitorProcess.start(BARE);
                EchoPeer peer = new EchoPeer();
                ArcaSession session = monitor.session();
                ArcaStream stream = session.connect(peer.address())) {
            assertEquals(256 * 1024L, stream.ringSize());
            assertEquals(
                    1,
                    monitor.child().errors("/proc/sys/fs/pipe-user-pages-soft").size());
            assertEquals(List.of(), monitor.child().errors(" ERROR "));
        }
    }
}
