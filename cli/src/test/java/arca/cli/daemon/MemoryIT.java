package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How much pipe memory a guest that does not read can use. */
class MemoryIT {
    private static final int LARGE = 256 * 1024;
    private static final int SMALL = 64 * 1024;
    private static final int PIPE_MEMORY = 16 << 20;
    private static final int OF_ONE_GUEST = PIPE_MEMORY / 4 / (2 * LARGE); // connections with large pipes

    private static List<Long> connect(ArcaSession session, InetSocketAddress to, int count, List<ArcaStream> streams)
            throws IOException {
        List<Long> sizes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            streams.add(session.connect(to));
            sizes.add(streams.getLast().ringSize());
        }
        return sizes;
    }

    private static List<Long> sizes(int large, int small) {
        List<Long> sizes = new ArrayList<>();
        for (int i = 0; i < large; i++) sizes.add((long) LARGE);
        for (int i = 0; i < small; i++) sizes.add((long) SMALL);
        return sizes;
    }

    @Test
    void pipesAreSmallPastAGuestsQuarterAndPastHalfOfAll() throws Exception {
        List<ArcaStream> streams = new ArrayList<>();
        try (MonitorProcess monitor = MonitorProcess.start("--pipe-memory", PIPE_MEMORY / 1024 + "K");
                ServerSocket listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
                ArcaSession second = monitor.session();
                ArcaSession third = monitor.session()) {
            InetSocketAddress peer = (InetSocketAddress) listener.getLocalSocketAddress();
            try (ArcaSession first = monitor.session()) {
                assertEquals(sizes(OF_ONE_GUEST, 2), connect(first, peer, OF_ONE_GUEST + 2, streams));
                assertEquals(sizes(OF_ONE_GUEST, 1), connect(second, peer, OF_ONE_GUEST + 1, streams));
                assertEquals(sizes(0, 2), connect(third, peer, 2, streams));
                for (ArcaStream stream : streams) stream.close();
            }
            monitor.child().awaitError(": ended");
            assertEquals(sizes(1, 0), connect(third, peer, 1, streams), "what was used is free again");
            String said = "pipes of 65536 bytes, not 262144";
            assertEquals(1, monitor.child().errors(said).size(), "once, for all");
        } finally {
            for (ArcaStream stream : streams) stream.close();
        }
    }
}
