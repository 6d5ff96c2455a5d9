package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import arca.control.Reply.ConnectOk;
import arca.control.Request.ConnectRequest;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.policy.Policy;
import arca.testnet.Peer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Embedded guests are of this process's own user. They have its share if there can be guests of other users, and else all. */
class EmbeddedShareTest {
    private static final long LARGE = 256 * 1024;
    private static final long SMALL = 64 * 1024;
    private static final int CONNECTIONS = 4; // whose large pipes hold 2 MiB
    private static final MonitorConfig CONFIG = MonitorConfig.builder()
            .limits(Limits.builder().pipeMemory(4 << 20).build())
            .policy(Policy.NOTHING.allowConnect("127.0.0.0/8"))
            .build();

    @TempDir
    Path folder;

    /** Returns the sizes of the pipes of an embedded guest's connections. They are large up to half of the share. */
    private static List<Long> pipeSizes(MonitorConfig config) throws Exception {
        List<Long> sizes = new ArrayList<>();
        try (Monitor monitor = Monitor.start(config);
                EmbeddedGuest guest = monitor.embed();
                Peer.Listener peer = Peer.Listener.open(CONNECTIONS)) {
            for (int i = 0; i < CONNECTIONS; i++) {
                var reply = EmbeddedRequests.call(guest, new ConnectRequest(peer.endpoint()));
                sizes.add(
                        assertInstanceOf(ConnectOk.class, reply).ready().pipe().ringSize());
            }
        }
        return sizes;
    }

    @Test
    void withoutAControlSocketTheyMayHaveAll() throws Exception {
        assertEquals(List.of(LARGE, LARGE, LARGE, LARGE), pipeSizes(CONFIG));
    }

    @Test
    void withAControlSocketTheyHaveTheShareOfTheirUser() throws Exception {
        MonitorConfig config =
                CONFIG.toBuilder().control(folder.resolve("control")).build();
        assertEquals(List.of(LARGE, SMALL, SMALL, SMALL), pipeSizes(config));
    }
}
