package arca.monitor;

import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.O_DIRECT;
import static arca.bindings.Constants.O_NONBLOCK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Syscalls;
import arca.monitor.Together.Deed;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Many bytes, each of them checked, through pipes of every size, with pauses that leave everything full, or empty. */
@ParameterizedClass
@EnumSource(Variant.class)
class BulkTest {
    private static final int SMALL_BUFFER = 16 * 1024;

    /** A new one each run; what fails says which it was. */
    private static final SplittableRandom SEEDS = new SplittableRandom(System.nanoTime());

    @Parameter
    Variant variant;

    @ParameterizedTest
    @ValueSource(ints = {4096, 8192, 65_536, 262_144, 1 << 20})
    void bothDirectionsOfSeveralConnectionsAtOnce(int pipeSize) throws Exception {
        int connections = 3;
        try (RunningMonitor monitor = RunningMonitor.start(variant, config -> config.withPipeSize(pipeSize));
                RawGuest guest = monitor.guest();
                Peer.Listener listener = Peer.Listener.open()) {
            List<Peer> peers = new ArrayList<>();
            List<Deed> deeds = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                GuestSide side = guest.connect(listener.endpoint());
                Peer peer = listener.accept();
                peers.add(peer);
                deeds.addAll(transfer(side, peer));
                deeds.addAll(transfer(peer, side));
            }
            try {
                Together.run(deeds.toArray(Deed[]::new));
            } finally {
                peers.forEach(Peer::close);
            }
        }
    }

    private static List<Deed> transfer(Side from, Side to) {
        SplittableRandom random = new SplittableRandom(SEEDS.nextLong());
        long seed = random.nextLong();
        long count = random.nextLong(100_000, 1_500_000);
        return List.of(new Transfer(from, to, seed, count, 4).deeds());
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

    /** A pipe holds slots, and one byte can take a whole one: splice(2) fills it with few bytes, and must not stall. */
    @ParameterizedTest
    @ValueSource(ints = {4096, 65_536})
    void crumbsForAGuestThatReadsLate(int pipeSize) throws Exception {
        int crumbs = 3_000;
        try (Joined joined = Joined.by(variant, config -> config.withPipeSize(pipeSize))) {
            StringBuilder sent = new StringBuilder();
            for (int i = 0; i < crumbs; i++) {
                String crumb = String.valueOf((char) ('a' + i % 26));
                joined.peer().send(crumb);
                sent.append(crumb);
                if (i % 10 == 0) joined.guest().sync(); // each so many were taken from the socket one by one
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

    /** A guest may make packets of what it writes, and read(2) then gives one at a time: pipe(7), O_DIRECT. */
    @Test
    void packetsFromTheGuest() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            assertEquals(0, Syscalls.fcntl(joined.side().output.value(), F_SETFL, O_DIRECT | O_NONBLOCK));
            Together.run(new Transfer(joined.side(), joined.peer(), SEEDS.nextLong(), 1_000_000, 4).deeds());
        }
    }

    @Test
    void guestsTransferAtOnce() throws Exception {
        int guests = 4;
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                Peer.Listener listener = Peer.Listener.open()) {
            List<RawGuest> all = new ArrayList<>();
            List<Peer> peers = new ArrayList<>();
            List<Deed> deeds = new ArrayList<>();
            try {
                for (int i = 0; i < guests; i++) {
                    RawGuest guest = monitor.guest();
                    all.add(guest);
                    GuestSide side = guest.connect(listener.endpoint());
                    Peer peer = listener.accept();
                    peers.add(peer);
                    deeds.addAll(transfer(side, peer));
                    deeds.addAll(transfer(peer, side));
                }
                Together.run(deeds.toArray(Deed[]::new));
            } finally {
                peers.forEach(Peer::close);
                all.forEach(RawGuest::die);
            }
        }
    }

    /** A message is answered before the next is sent: none may be held back until there is more. */
    @Test
    void smallMessagesGoToAndFroAtOnce() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            long start = System.nanoTime();
            int rounds = 500;
            for (int i = 0; i < rounds; i++) {
                joined.side().send("ping");
                assertEquals("ping", joined.peer().receive(4));
                joined.peer().send("pong");
                assertEquals("pong", joined.side().receive(4));
            }
            // Held back, each would take the 40 ms of a delayed acknowledgement, or the 200 ms of a corked segment.
            long took = System.nanoTime() - start;
            assertTrue(took < rounds * 20_000_000L, () -> rounds + " rounds took " + took / 1_000_000 + " ms");
        }
    }
}
