package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a guest that does not read can make the monitor keep for it. */
@Timeout(90)
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

    @Test
    void guestThatNeverReadsCostsTheMonitorNoMemoryOfItsOwn() throws Exception {
        int count = 32;
        List<ArcaStream> unread = new ArrayList<>();
        List<Thread> senders = new ArrayList<>();
        List<Socket> peers = new ArrayList<>();
        try (MonitorProcess monitor = MonitorProcess.start();
                ServerSocket listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
            GoodGuests.work(monitor.control());
            long before = monitor.proc().status("VmRSS");
            try (ArcaSession session = monitor.session()) {
                for (int i = 0; i < count; i++) {
                    unread.add(session.connect((InetSocketAddress) listener.getLocalSocketAddress()));
                    Socket peer = listener.accept();
                    peers.add(peer);
                    peer.setTcpNoDelay(true);
                    byte[] piece = new byte[i % 2 == 0 ? 1 : 64 * 1024]; // crumbs, each a segment of its own; and bulk
                    senders.add(Thread.ofPlatform().daemon().start(() -> send(peer, piece)));
                }
                GoodGuests.work(monitor.control());
                long grown = monitor.proc().status("VmRSS") - before;
                assertTrue(grown < 16 * 1024, () -> grown + " KiB more than before");
                for (Thread sender : senders) assertTrue(sender.isAlive(), "a sender is held back and not cut");
                for (ArcaStream stream : unread) stream.close();
            }
            for (Socket peer : peers) peer.shutdownOutput(); // and so a sender that is held back ends
            for (Thread sender : senders) sender.join();
        } finally {
            for (Socket peer : peers) peer.close();
        }
    }

    private static void send(Socket peer, byte[] piece) {
        try {
            while (true) peer.getOutputStream().write(piece);
        } catch (IOException e) {
            return; // shut down
        }
    }
}
