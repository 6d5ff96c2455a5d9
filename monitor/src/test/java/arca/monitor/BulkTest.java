package arca.monitor;

import static arca.bindings.Constants.AF_INET;
import static arca.bindings.Constants.FIONREAD;
import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.O_DIRECT;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.TCP_NODELAY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.SocketAddress;
import arca.bindings.Syscalls;
import arca.control.Endpoint;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import arca.testkit.DescriptorLeaks;
import arca.testkit.Patience;
import arca.testkit.Together;
import arca.testkit.Together.Action;
import arca.testnet.GuestSide;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import arca.testnet.Side;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Moves many bytes through pipes of every size, and checks each byte. Pauses make all buffers full, or empty. */
@ParameterizedClass
@EnumSource(Variant.class)
class BulkTest {
    private static final int SO_DOMAIN = 39; // socket(7)
    private static final int SMALL_BUFFER = 16 * 1024;
    private static final int TCP_INFO = 11; // tcp(7)
    private static final int TCP_CONGESTION = 13;
    private static final int NOTSENT_BYTES = 144; // the offset of tcpi_notsent_bytes in struct tcp_info

    /** Each run has new seeds. A failure names its seed. */
    private static final SplittableRandom SEEDS = new SplittableRandom(System.nanoTime());

    @Parameter
    Variant variant;

    @ParameterizedTest
    @ValueSource(ints = {4096, 8192, 65_536, 262_144, 1 << 20})
    void bothDirectionsOfSeveralConnectionsAtOnce(int pipeSize) throws Exception {
        int connections = 3;
        try (RunningMonitor monitor = RunningMonitor.start(
                        variant, config -> config.toBuilder().pipeSize(pipeSize).build());
                RawGuest guest = monitor.guest();
                Peer.Listener listener = Peer.Listener.open()) {
            List<Peer> peers = new ArrayList<>();
            List<Action> actions = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                GuestSide side = guest.connect(listener.endpoint());
                Peer peer = listener.accept();
                peers.add(peer);
                actions.addAll(transfer(side, peer));
                actions.addAll(transfer(peer, side));
            }
            try {
                Together.run(actions.toArray(Action[]::new));
            } finally {
                peers.forEach(Peer::close);
            }
        }
    }

    private static List<Action> transfer(Side from, Side to) {
        SplittableRandom random = new SplittableRandom(SEEDS.nextLong());
        long seed = random.nextLong();
        long count = random.nextLong(100_000, 1_500_000);
        return List.of(new Transfer(from, to, seed, count, 4).actions());
    }

    @Test
    void slowPeerWithASmallWindow() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest();
                Peer.Listener listener = Peer.Listener.open(1, SMALL_BUFFER)) {
            GuestSide side = guest.connect(listener.endpoint());
            try (Peer peer = listener.accept()) {
                new Transfer(side, peer, SEEDS.nextLong(), 1_000_000, 3).run();
            }
        }
    }

    /** One byte can take a whole slot of a pipe. So a few bytes, moved by splice(2), fill the pipe. It must not stall. */
    @ParameterizedTest
    @ValueSource(ints = {4096, 65_536})
    void crumbsForAGuestThatReadsLate(int pipeSize) throws Exception {
        int crumbs = 3_000;
        try (Joined joined = Joined.by(
                variant, config -> config.toBuilder().pipeSize(pipeSize).build())) {
            StringBuilder sent = new StringBuilder();
            for (int i = 0; i < crumbs; i++) {
                String crumb = String.valueOf((char) ('a' + i % 26));
                joined.peer().send(crumb);
                sent.append(crumb);
                if (i % 10 == 0) joined.guest().sync(); // now the monitor has taken these from the socket, one by one
            }
            for (int i = 0; i < crumbs; i += 100) {
                assertEquals(sent.substring(i, i + 100), joined.side().receive(100), "at " + i);
            }
            joined.peer().send("and on");
            assertEquals("and on", joined.side().receive(6));
        }
    }

    @Test
    void crumbsFromTheGuest() throws Exception {
        int crumbs = 3_000;
        try (Joined joined = Joined.by(variant)) {
            StringBuilder sent = new StringBuilder();
            for (int i = 0; i < crumbs; i++) {
                String crumb = String.valueOf((char) ('a' + i % 26));
                joined.side().send(crumb);
                sent.append(crumb);
            }
            joined.side().finish();
            assertEquals(sent.toString(), joined.peer().receive(crumbs));
            joined.peer().assertEnd();
        }
    }

    /** A guest may write in packets. Then read(2) returns one packet at a time: pipe(2), O_DIRECT. */
    @Test
    void packetsFromTheGuest() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            assertEquals(0, Syscalls.fcntl(joined.side().output.value(), F_SETFL, O_DIRECT | O_NONBLOCK));
            Together.run(new Transfer(joined.side(), joined.peer(), SEEDS.nextLong(), 1_000_000, 4).actions());
        }
    }

    @Test
    void guestsTransferAtOnce() throws Exception {
        int guests = 4;
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                Peer.Listener listener = Peer.Listener.open()) {
            List<RawGuest> all = new ArrayList<>();
            List<Peer> peers = new ArrayList<>();
            List<Action> actions = new ArrayList<>();
            try {
                for (int i = 0; i < guests; i++) {
                    RawGuest guest = monitor.guest();
                    all.add(guest);
                    GuestSide side = guest.connect(listener.endpoint());
                    Peer peer = listener.accept();
                    peers.add(peer);
                    actions.addAll(transfer(side, peer));
                    actions.addAll(transfer(peer, side));
                }
                Together.run(actions.toArray(Action[]::new));
            } finally {
                peers.forEach(Peer::close);
                all.forEach(RawGuest::closeAll);
            }
        }
    }

    /** TCP must not hold a message back until more bytes come: all bytes have been sent. */
    @Test
    void smallMessagesGoAtOnce() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            int monitors = otherEnd(joined.peer());
            withoutPacing(monitors);
            assertEquals(1, Syscalls.getsockopt(monitors, IPPROTO_TCP, TCP_NODELAY));
            for (int i = 0; i < 8; i++) { // few enough for TCP to send without an acknowledgement
                joined.side().send("ping");
                while (Syscalls.ioctl(joined.side().output.value(), FIONREAD) > 0)
                    joined.guest().sync();
                joined.guest().sync(); // the loop's call has returned
                assertEquals(0, notSent(monitors), "bytes that TCP holds back, at message " + i);
            }
            assertEquals("ping".repeat(8), joined.peer().receive(32));
        }
    }

    /** Otherwise the kernel's send buffer would grow to megabytes for each peer that does not read. */
    @Test
    void littleWaitsInTheKernelForAPeerThatDoesNotRead() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            int monitors = otherEnd(joined.peer());
            joined.side().fill();
            Patience.await("bytes that TCP holds back", () -> notSent(monitors) > 0);
            joined.side().fill();
            joined.guest().sync();
            assertTrue(notSent(monitors) <= 2 * 256 * 1024, "bytes: " + notSent(monitors));
        }
    }

    /** Selects Reno, which every machine has. Some other congestion controls send the next bytes only after a while. */
    private static void withoutPacing(int socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment reno = arena.allocateFrom("reno");
            assertEquals(0, Syscalls.setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, reno));
        }
    }

    private static int notSent(int socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(NOTSENT_BYTES + Integer.BYTES, Long.BYTES);
            assertEquals(info.byteSize(), Syscalls.getsockopt(socket, IPPROTO_TCP, TCP_INFO, info));
            return info.get(ValueLayout.JAVA_INT, NOTSENT_BYTES);
        }
    }

    /** Returns the descriptor of the other end of a connection. It belongs to a monitor in this process. */
    private static int otherEnd(Peer peer) throws Exception {
        Endpoint own = peer.local();
        Optional<SocketAddress.Inet> wanted =
                Optional.of(new SocketAddress.IPv4(own.address().ipv4(), own.port()));
        try (Kernel kernel = new LinuxKernel()) {
            for (String fd : DescriptorLeaks.open().keySet()) {
                int other = Integer.parseInt(fd);
                boolean isTcp = kernel.getsockopt(other, SOL_SOCKET, SO_DOMAIN) == AF_INET;
                if (isTcp && kernel.getpeername(other).equals(wanted)) return other;
            }
        }
        throw new AssertionError("nobody here is connected to " + own);
    }
}
