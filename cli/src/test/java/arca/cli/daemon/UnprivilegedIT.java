package arca.cli.daemon;

import static arca.bindings.Constants.MSG_DONTWAIT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.Errno;
import arca.bindings.ProcFile;
import arca.control.Endpoint;
import arca.control.Request.ConnectRequest;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.Patience;
import arca.testnet.EchoPeer;
import arca.testnet.GoodGuests;
import arca.testnet.RawGuest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A monitor of an ordinary user. For such a user, the kernel limits the pipes and the descriptors in flight. */
class UnprivilegedIT {
    /** A user id that no other process has, so the kernel counts only this monitor's pipes for it. */
    private static final int UID = 1_000_000 + (int) ProcessHandle.current().pid() % 1_000_000;

    private static final int TINY = 2 * 4096; // pipe(7), "/proc/sys/fs/pipe-user-pages-soft"
    private static final int PLENTY = 4096;
    private static final int FEW = 256;
    private static final int REQUESTS = 8;

    @BeforeAll
    static void asRoot() throws IOException {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can become another user");
    }

    @Test
    void pipesAreLargeWhileTheAllowanceHasRoom() throws Exception {
        int many = 8;
        assumeTrue(
                Long.parseLong(ProcFile.read("/proc/sys/fs/pipe-user-pages-soft")
                                .strip())
                        >= 16384,
                "this system lets a user's pipes hold less than is usual");
        List<ArcaStream> streams = new ArrayList<>();
        try (MonitorProcess monitor =
                        MonitorProcess.startUnprivileged(UID + 2, PLENTY, "--max-connections", "" + many);
                EchoPeer peer = new EchoPeer();
                ArcaSession session = monitor.session()) {
            for (int i = 0; i < many; i++) streams.add(session.connect(peer.address()));
            for (ArcaStream stream : streams) assertEquals(256 * 1024L, stream.ringSize());
            assertEquals(List.of(), monitor.child().errors("pipes of"));
        } finally {
            for (ArcaStream stream : streams) stream.close();
        }
    }

    @Test
    void usedUpAllowanceGivesTinyPipesThatSaySo() throws Exception {
        List<ArcaStream> streams = new ArrayList<>();
        try (MonitorProcess monitor = MonitorProcess.startUnprivileged(UID, PLENTY, "--share", "100");
                EchoPeer peer = new EchoPeer();
                ServerSocket silent = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
                ArcaSession session = monitor.session()) {
            Endpoint at = new Endpoint(0x7f000001, silent.getLocalPort());
            List<Long> sizes = new ArrayList<>();
            do {
                streams.add(session.connect(at));
                sizes.add(streams.getLast().ringSize());
            } while (sizes.getLast() > TINY);
            assertEquals(
                    List.of(256 * 1024L, 64 * 1024L, (long) TINY),
                    sizes.stream().distinct().toList());
            GoodGuests.connect(session, peer, 1); // through tiny pipes
            monitor.child().awaitError("pipes of 65536 bytes, not 262144");
        } finally {
            for (ArcaStream stream : streams) stream.close();
        }
    }

    /** Starts a guest that requests connections and reads no reply. */
    private static RawGuest unread(Path control, int port, int requests) throws IOException {
        RawGuest guest = new RawGuest(control);
        for (int i = 0; i < requests; i++) guest.ask(new ConnectRequest(new Endpoint(0x7f000001, port)));
        return guest;
    }

    /** The user has so many descriptors in flight that the kernel refuses more: unix(7), ETOOMANYREFS. */
    @Test
    void replyWaitsWhileTooManyDescriptorsAreOnTheirWay() throws Exception {
        Deque<RawGuest> guests = new ArrayDeque<>();
        try (MonitorProcess monitor = MonitorProcess.startUnprivileged(UID + 1, FEW, "--share", "100");
                ServerSocket listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
            int port = listener.getLocalPort();
            for (int replies = 0; 2 * replies <= FEW; replies += REQUESTS) {
                guests.add(unread(monitor.control(), port, REQUESTS));
                monitor.child().awaitErrors(2 * replies + REQUESTS, ": connection ");
                for (int i = 0; i < REQUESTS; i++) reset(listener.accept()); // and so the monitor's own ends are closed
                monitor.child().awaitErrors(replies + REQUESTS, " bytes to the peer");
            }
            guests.add(unread(monitor.control(), port, 1));
            String thread = "guest g" + guests.size();
            Patience.await(thread, () -> !monitor.proc().threads(thread).isEmpty());
            monitor.proc().awaitTriesWithPauses(thread);
            assertEquals(-Errno.EAGAIN, guests.getLast().receiveWithoutDescriptors(MSG_DONTWAIT), "no reply yet");
            guests.removeFirst().close();
            assertTrue(guests.getLast().receiveWithoutDescriptors(0) > 0, "the reply");
            assertEquals(List.of(), monitor.child().errors(" ERROR "));
        } finally {
            guests.forEach(RawGuest::close);
        }
    }

    private static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }
}
