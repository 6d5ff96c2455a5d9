package arca.monitor;

import static arca.bindings.Constants.FIONREAD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.Syscalls;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.control.Request.ConnectRequest;
import arca.monitor.config.Limits;
import arca.testkit.DescriptorLeaks;
import arca.testkit.Patience;
import arca.testkit.Together;
import arca.testnet.GuestSide;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests what each side sees when the other side ends a direction, closes, resets or dies. */
@ParameterizedClass
@EnumSource(Variant.class)
class CloseTest {
    private static final long BULK = 1 << 20;
    private static final int CHAT = 300_000;
    private static final int SMALL_BUFFER = 16 * 1024;

    @Parameter
    Variant variant;

    @Test
    void guestEndsFirstAndThePeerGoesOn() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            new Transfer(joined.side(), joined.peer(), 1, BULK, 3).run(); // ends with FIN
            new Transfer(joined.peer(), joined.side(), 2, BULK, 3).run();
        }
    }

    @Test
    void peerEndsFirstAndTheGuestGoesOn() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            new Transfer(joined.peer(), joined.side(), 3, BULK, 3).run();
            new Transfer(joined.side(), joined.peer(), 4, BULK, 3).run();
        }
    }

    @Test
    void endOfAGuestThatNeverWroteReachesThePeer() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.side().finish();
            joined.peer().assertEnd();
        }
    }

    @Test
    void guestThatReadsNoMoreStillUploadsEverything() throws Exception {
        int rounds = 50;
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest();
                Peer.Listener listener = Peer.Listener.open()) {
            for (int round = 0; round < rounds; round++) {
                try (GuestSide side = guest.connect(listener.endpoint());
                        Peer peer = listener.accept()) {
                    chatter(side, peer, round);
                }
            }
        }
    }

    /**
     * The peer sends more than the buffers hold. In one round it does so before the upload. In the other round it does so
     * during the upload: then the monitor may close, and so refuse the rest, as soon as the peer has the whole upload.
     */
    private static void chatter(GuestSide side, Peer peer, int round) throws Exception {
        Transfer upload = new Transfer(side, peer, round, 200_000, 1);
        peer.send("not read");
        side.stopReading();
        if (round % 2 == 0) {
            peer.send(new byte[CHAT]);
            upload.run();
        } else {
            FutureTask<Void> chat = Together.start(() -> peer.sendUntilRefused(CHAT));
            upload.run();
            Together.join(chat);
        }
    }

    @Test
    void peerThatResetsEndsBothDirectionsAfterWhatHadArrived() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.side().send("to nobody");
            joined.peer().send("last words");
            joined.peer().reset();
            assertEquals("last words", joined.side().receive(10));
            joined.side().assertEnd();
            assertEquals(Errno.EPIPE, joined.side().awaitWriteError());
        }
    }

    @Test
    void resetIsHeardOfByAGuestThatOnlyWrites() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.side().stopReading();
            joined.peer().reset();
            assertEquals(Errno.EPIPE, joined.side().awaitWriteError());
        }
    }

    @Test
    void resetBehindAFullPipeLosesNothingThatHadArrived() throws Exception {
        try (Joined joined =
                Joined.by(variant, config -> config.toBuilder().pipeSize(4096).build())) {
            long arrived = joined.peer().fill();
            FutureTask<Void> write =
                    Together.start(() -> assertEquals(Errno.EPIPE, joined.side().awaitWriteError()));
            // What the peer's kernel has not sent yet is lost by the reset. What it has sent must be delivered.
            long delivered = joined.side().receive(SMALL_BUFFER).length();
            joined.peer().reset();
            delivered += joined.side().drain();
            assertTrue(delivered > SMALL_BUFFER && delivered <= arrived, delivered + " of " + arrived);
            Together.join(write);
        }
    }

    @Test
    void endOfTheGuestIsAnEndToThePeerAfterAllBytes() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.side().send("last words");
            joined.guest().closeAll(); // closes all its descriptors
            assertEquals("last words", joined.peer().receive(10));
            joined.peer().assertEnd();
        }
    }

    @Test
    void connectionsOutliveTheControlChannel() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.guest().closeControl();
            new Transfer(joined.side(), joined.peer(), 5, BULK, 3).run();
            new Transfer(joined.peer(), joined.side(), 6, BULK, 3).run();
        }
    }

    @Test
    void peerThatReadsLateGetsEveryByteOfAGuestThatIsGone() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                Peer.Listener listener = Peer.Listener.open(1, SMALL_BUFFER);
                RawGuest guest = monitor.guest()) {
            GuestSide side = guest.connect(listener.endpoint());
            try (Peer peer = listener.accept()) {
                long sent = fillAll(guest, side);
                guest.closeAll();
                peer.send("and the peer sends on"); // nobody will read this
                assertEquals(sent, peer.drain());
            }
        }
    }

    /**
     * The whole upload is in the sockets' buffers when the guest is gone. If the monitor closed its socket then, the peer's
     * next byte would cause a reset, and the peer would lose the upload.
     */
    @Test
    void peerThatSendsOnIsNotResetWhileItReads() throws Exception {
        byte[] upload = new byte[4 * SMALL_BUFFER];
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                Peer.Listener listener = Peer.Listener.open(1, SMALL_BUFFER);
                RawGuest guest = monitor.guest();
                GuestSide side = guest.connect(listener.endpoint());
                Peer peer = listener.accept()) {
            side.send(upload);
            while (Syscalls.ioctl(side.output.value(), FIONREAD) > 0) guest.sync();
            side.finish();
            side.stopReading();
            guest.sync();
            guest.sync(); // the loop has run since
            peer.send("the peer sends on");
            guest.sync();
            assertEquals(upload.length, peer.drain());
        }
    }

    @Test
    void handoffsThatWereNeverReadCloseWithTheGuest() throws Exception {
        int many = 17; // one more than the control socket holds; then the monitor reads no more requests
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                Peer.Listener listener = Peer.Listener.open(many);
                RawGuest guest = monitor.guest()) {
            for (int i = 0; i < many; i++) guest.ask(new ConnectRequest(listener.endpoint()));
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < many; i++) peers.add(listener.accept());
            guest.closeAll();
            try {
                peers.forEach(Peer::assertEnd);
            } finally {
                peers.forEach(Peer::close);
            }
        }
    }

    /** Writes until the pipe and the buffers of both sockets are full. Returns how many bytes. */
    private static long fillAll(RawGuest guest, GuestSide side) throws Exception {
        long all = 0;
        for (long n = side.fill(); n > 0; n = side.fill()) {
            all += n;
            guest.sync();
            guest.sync(); // the loop has run since, and has moved what there was room for
        }
        return all;
    }

    @Test
    void connectionThatHasEndedIsForgotten() throws Exception {
        Limits one = Limits.builder()
                .connections(1)
                .listeners(1)
                .waitingAccepts(1)
                .connecting(1)
                .guests(1)
                .guestsPerUid(1)
                .build();
        try (Joined joined = Joined.by(
                        variant, config -> config.toBuilder().limits(one).build());
                Peer.Listener listener = Peer.Listener.open()) {
            RawGuest guest = joined.guest();
            int refused = guest.ask(new ConnectRequest(listener.endpoint()));
            assertEquals(new ConnectErr(Errno.EMFILE), guest.answerTo(refused), "one is all it may have");
            joined.side().close();
            joined.peer().assertEnd();
            joined.peer().close();
            Patience.await("the connection to be forgotten", () -> connected(guest, listener));
        }
    }

    private static boolean connected(RawGuest guest, Peer.Listener listener) throws Exception {
        guest.ask(new ConnectRequest(listener.endpoint()));
        return guest.answer().reply() instanceof ConnectOk;
    }

    /** The peer neither sends nor closes. So only the pipe can tell the monitor that the guest reads no more. */
    @Test
    void guestThatClosedBothEndsLeavesNothingBehindAnIdlePeer() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest();
                Peer.Listener listener = Peer.Listener.open()) {
            guest.sync();
            Map<String, String> before = DescriptorLeaks.open();
            GuestSide side = guest.connect(listener.endpoint());
            Peer peer = listener.accept();
            side.close();
            peer.assertEnd();
            awaitDescriptors(before.size() + 1); // the peer's
            peer.close();
            awaitDescriptors(before.size());
        }
    }

    private static void awaitDescriptors(int count) throws Exception {
        Patience.await(
                () -> count + " descriptors and not " + DescriptorLeaks.open(),
                () -> DescriptorLeaks.open().size() <= count);
    }

    @Test
    void peerThatNeverReadsDelaysNothingElse() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest();
                Peer.Listener deaf = Peer.Listener.open(1, SMALL_BUFFER);
                Peer.Listener listener = Peer.Listener.open()) {
            GuestSide stuck = guest.connect(deaf.endpoint());
            try (Peer never = deaf.accept()) {
                fillAll(guest, stuck);
                GuestSide side = guest.connect(listener.endpoint());
                try (Peer peer = listener.accept()) {
                    new Transfer(side, peer, 8, BULK, 3).run();
                    new Transfer(peer, side, 9, BULK, 3).run();
                }
                never.send("back"); // the other direction of that connection goes on, too
                assertEquals("back", stuck.receive(4));
            }
        }
    }

    @Test
    void guestThatNeverReadsDelaysNothingElse() throws Exception {
        try (Joined joined = Joined.by(variant);
                Peer.Listener listener = Peer.Listener.open()) {
            joined.peer().fill();
            GuestSide side = joined.guest().connect(listener.endpoint());
            try (Peer peer = listener.accept()) {
                new Transfer(side, peer, 10, BULK, 3).run();
                new Transfer(peer, side, 11, BULK, 3).run();
            }
            joined.side().send("up");
            assertEquals("up", joined.peer().receive(2));
        }
    }
}
