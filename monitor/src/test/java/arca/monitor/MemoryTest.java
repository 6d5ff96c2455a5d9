package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.Allocation;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a guest that does not read can make the monitor keep for it. */
class MemoryTest {
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

    /** Every pipe and every socket's buffer is full: of all these bytes the monitor, in this process, keeps none. */
    @Test
    void guestThatNeverReadsCostsTheMonitorNoMemoryOfItsOwn() throws Exception {
        int count = 8;
        List<Peer> peers = new ArrayList<>();
        try (RunningMonitor monitor = RunningMonitor.start(Variant.EPOLL_SPLICE);
                RawGuest guest = monitor.guest();
                Peer.Listener listener = Peer.Listener.open()) {
            for (int i = 0; i < count; i++) {
                guest.connect(listener.endpoint());
                peers.add(listener.accept());
            }
            long before = Allocation.alive();
            long sent = 0;
            for (int i = 0; i < 1000; i++, sent++) peers.getFirst().send("c"); // crumbs: a segment each, if not a slot
            for (long more = fill(peers, guest); more > 0; more = fill(peers, guest)) sent += more;
            long all = sent;
            assertTrue(all > count * LARGE, () -> all + " bytes");
            long grown = Allocation.alive() - before;
            assertTrue(grown < all / 32, () -> grown + " bytes more than before, of " + all);
        } finally {
            peers.forEach(Peer::close);
        }
    }

    /** Sends as long as there is room: how many bytes that was. */
    private static long fill(List<Peer> peers, RawGuest guest) throws Exception {
        long sent = 0;
        for (Peer peer : peers) sent += peer.fill();
        guest.sync();
        guest.sync(); // the loop has been round since, and has moved what there was room for
        return sent;
    }
}
