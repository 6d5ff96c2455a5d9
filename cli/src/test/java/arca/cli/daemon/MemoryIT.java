package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How much pipe memory the guests of one user get. */
class MemoryIT {
    private static final int LARGE = 256 * 1024;
    private static final int SMALL = 64 * 1024;
    private static final int SMALLEST = 2 * 4096;
    private static final int PIPE_MEMORY = 16 << 20;
    private static final int SHARE = PIPE_MEMORY / 2;
    private static final int LARGE_ONES = SHARE / 2 / (2 * LARGE); // connections of all guests of the user
    private static final int SMALL_ONES = SHARE / 2 / (2 * SMALL);

    private static List<Long> connect(ArcaSession session, InetSocketAddress to, int count, List<ArcaStream> streams)
            throws IOException {
        List<Long> sizes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            streams.add(session.connect(to));
            sizes.add(streams.getLast().ringSize());
        }
        return sizes;
    }

    private static List<Long> sizes(int large, int small, int smallest) {
        List<Long> sizes = new ArrayList<>();
        sizes.addAll(Collections.nCopies(large, (long) LARGE));
        sizes.addAll(Collections.nCopies(small, (long) SMALL));
        sizes.addAll(Collections.nCopies(smallest, (long) SMALLEST));
        return sizes;
    }

    @Test
    void pipesAreSmallPastHalfTheShareAndTinyPastTheShare() throws Exception {
        List<ArcaStream> streams = new ArrayList<>();
        try (MonitorProcess monitor = MonitorProcess.start("--pipe-memory", PIPE_MEMORY / 1024 + "K", "--share", "50");
                ServerSocket listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
                ArcaSession second = monitor.session();
                ArcaSession third = monitor.session()) {
            InetSocketAddress peer = (InetSocketAddress) listener.getLocalSocketAddress();
            try (ArcaSession first = monitor.session()) {
                assertEquals(sizes(5, 0, 0), connect(first, peer, 5, streams));
                int all = LARGE_ONES - 5 + SMALL_ONES + 2;
                assertEquals(sizes(LARGE_ONES - 5, SMALL_ONES, 2), connect(second, peer, all, streams));
                assertEquals(sizes(0, 0, 1), connect(third, peer, 1, streams));
                for (ArcaStream stream : streams) stream.close();
            }
            monitor.child().awaitErrors(streams.size(), " bytes to the peer, ");
            assertEquals(sizes(1, 0, 0), connect(third, peer, 1, streams), "what was used is free again");
            assertEquals(
                    1,
                    monitor.child().errors("pipes of 65536 bytes, not 262144").size(),
                    "the log has one line for all guests");
        } finally {
            for (ArcaStream stream : streams) stream.close();
        }
    }
}
