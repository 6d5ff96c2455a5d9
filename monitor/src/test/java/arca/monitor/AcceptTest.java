package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.Reply.AcceptErr;
import arca.control.Request.AcceptRequest;
import arca.testkit.DescriptorLeaks;
import arca.testnet.GuestSide;
import arca.testnet.Loopback;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests the replies to AcceptRequests, and when they come. */
@ParameterizedClass
@EnumSource(Variant.class)
class AcceptTest {
    @Parameter
    Variant variant;

    @Test
    void requestsThatWaitAreServedInTheirOrder() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            Endpoint at = Loopback.free();
            int listener = guest.listen(at);
            List<Integer> asked = new ArrayList<>();
            for (int i = 0; i < 4; i++) asked.add(guest.ask(new AcceptRequest(listener)));
            guest.sync();
            assertTrue(guest.isSilent());
            for (int id : asked) {
                try (Peer peer = Peer.connect(at);
                        GuestSide side = guest.connectionFor(id)) {
                    peer.send("in");
                    assertEquals("in", side.receive(2));
                }
            }
        }
    }

    @Test
    void peersThatWaitAreServedInTheirOrder() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            Endpoint at = Loopback.free();
            int listener = guest.listen(at);
            try (Peer first = Peer.connect(at);
                    Peer second = Peer.connect(at);
                    Peer third = Peer.connect(at)) {
                third.send("3");
                second.send("2");
                first.send("1");
                for (String sent : List.of("1", "2", "3")) {
                    assertEquals(sent, guest.accept(listener).receive(1));
                }
            }
        }
    }

    @Test
    void connectionStaysWithTheKernelWhileNoRequestWaits() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            Endpoint at = Loopback.free();
            int listener = guest.listen(at);
            try (Peer peer = Peer.connect(at)) {
                peer.send("early");
                Map<String, String> before = DescriptorLeaks.open();
                guest.sync();
                assertEquals(before, DescriptorLeaks.open(), "nothing was accepted, and no pipe made");
                assertEquals("early", guest.accept(listener).receive(5));
            }
        }
    }

    @Test
    void listenersAreServedApart() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            Endpoint one = Loopback.free();
            Endpoint other = Loopback.free();
            int listener = guest.listen(one);
            int otherListener = guest.listen(other);
            int asked = guest.ask(new AcceptRequest(listener));
            int askedOther = guest.ask(new AcceptRequest(otherListener));
            try (Peer otherPeer = Peer.connect(other);
                    GuestSide otherSide = guest.connectionFor(askedOther);
                    Peer peer = Peer.connect(one);
                    GuestSide side = guest.connectionFor(asked)) {
                otherPeer.send("other");
                peer.send("one");
                assertEquals(otherListener, otherSide.ready.listenerId());
                assertEquals("other", otherSide.receive(5));
                assertEquals(listener, side.ready.listenerId());
                assertEquals("one", side.receive(3));
            }
        }
    }

    @Test
    void listenerOfNobodyOrOfAnotherGuestIsUnknown() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest();
                RawGuest other = monitor.guest()) {
            Endpoint at = Loopback.free();
            int foreign = other.listen(at);
            try (Peer peer = Peer.connect(at)) {
                for (int listener : new int[] {0, foreign, foreign + 1, -1}) {
                    int id = guest.ask(new AcceptRequest(listener));
                    assertEquals(new AcceptErr(Errno.EBADF), guest.answerTo(id));
                }
                peer.send("its own");
                assertEquals("its own", other.accept(foreign).receive(7));
            }
            guest.listen(Loopback.free()); // the session goes on
        }
    }

    @Test
    void peerThatHasResetIsHandedOverAndReadsAsTheEnd() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            Endpoint at = Loopback.free();
            int listener = guest.listen(at);
            Peer peer = Peer.connect(at);
            peer.send("last words");
            peer.reset();
            try (GuestSide side = guest.accept(listener)) {
                assertEquals("last words", side.receive(10));
                side.assertEnd();
                assertEquals(Errno.EPIPE, side.awaitWriteError());
            }
        }
    }

    @Test
    void peersInTheBacklogAreResetWhenTheGuestIsGone() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant)) {
            Endpoint at = Loopback.free();
            RawGuest guest = monitor.guest();
            try (guest) {
                guest.listen(at);
            }
            // The peer may connect before or after the listener closes. In both cases the connection does not last.
            try (Peer peer = Peer.connect(at)) {
                assertEquals(0, peer.drain());
            } catch (ErrnoException e) {
                boolean reset =
                        e.errno() == Errno.ECONNRESET; // after the handshake, but before connect(2) has returned
                assertTrue(reset || e.errno() == Errno.ECONNREFUSED, e.getMessage());
            }
        }
    }
}
