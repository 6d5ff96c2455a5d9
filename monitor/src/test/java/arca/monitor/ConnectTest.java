package arca.monitor;

import static arca.bindings.Constants.AF_INET;
import static arca.bindings.Constants.SOCK_STREAM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.control.ConnectionReady;
import arca.control.Endpoint;
import arca.control.Reply.ConnectErr;
import arca.control.Request.ConnectRequest;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What a ConnectRequest is answered, and when. */
@ParameterizedClass
@EnumSource(Variant.class)
class ConnectTest {
    private static final int LOCALHOST = 0x7f000001;
    private static final Endpoint MULTICAST = Endpoint.parse("224.0.0.1:80");

    @Parameter
    Variant variant;

    /** A listener whose backlog is full: whoever connects more gets no answer at all. */
    private static Peer.Listener fullListener() throws Exception {
        return Peer.Listener.open(0);
    }

    @Test
    void connectionIsNumberedAndHasNoListener() throws Exception {
        try (Joined joined = Joined.by(variant);
                Peer.Listener listener = Peer.Listener.open();
                GuestSide second = joined.guest().connect(listener.endpoint())) {
            ConnectionReady first = joined.side().ready;
            assertEquals(ConnectionReady.NO_LISTENER, first.listenerId());
            assertEquals(1, first.connectionId());
            assertEquals(1, first.pipe().pipeId());
            assertEquals(2, second.ready.connectionId());
            assertEquals(2, second.ready.pipe().pipeId());
        }
    }

    @Test
    void numbersAreNotGivenTwiceToWhateverGuest() throws Exception {
        try (Joined joined = Joined.by(variant);
                RawGuest other = joined.monitor().guest();
                Peer.Listener listener = Peer.Listener.open();
                GuestSide side = other.connect(listener.endpoint())) {
            ConnectionReady first = joined.side().ready;
            assertNotEquals(first.connectionId(), side.ready.connectionId());
            assertNotEquals(first.pipe().pipeId(), side.ready.pipe().pipeId());
        }
    }

    @Test
    void nobodyListensIsRefused() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            int id = guest.ask(new ConnectRequest(Loopback.free()));
            assertEquals(new ConnectErr(Errno.ECONNREFUSED), guest.answerTo(id));
            guest.sync();
        }
    }

    @Test
    void whatTheSystemSaysAtOnceIsPassedOn() throws Exception {
        Policy policy = Policy.NOTHING.allowConnect(MULTICAST.toString());
        try (RunningMonitor monitor = RunningMonitor.start(variant, config -> config.withPolicy(policy));
                RawGuest guest = monitor.guest()) {
            int id = guest.ask(new ConnectRequest(MULTICAST));
            assertEquals(new ConnectErr(Errno.ENETUNREACH), guest.answerTo(id));
            guest.sync();
        }
    }

    @Test
    void whatPolicyDeniesIsRefusedBeforeAnyPacket() throws Exception {
        try (Peer.Listener denied = Peer.Listener.open();
                Peer.Listener allowed = Peer.Listener.open()) {
            Policy policy = Policy.NOTHING.allowConnect(allowed.endpoint().toString());
            try (RunningMonitor monitor = RunningMonitor.start(variant, config -> config.withPolicy(policy));
                    RawGuest guest = monitor.guest()) {
                int id = guest.ask(new ConnectRequest(denied.endpoint()));
                assertEquals(new ConnectErr(Errno.EACCES), guest.answerTo(id));
                denied.assertUntouched();
                guest.connect(allowed.endpoint()).close();
                denied.assertUntouched();
            }
        }
    }

    @Test
    void slowConnectTimesOutAndKeepsNoFastOneWaiting() throws Exception {
        Duration timeout = Duration.ofMillis(300);
        try (RunningMonitor monitor = RunningMonitor.start(variant, config -> config.withConnectTimeout(timeout));
                RawGuest guest = monitor.guest();
                Peer.Listener full = fullListener();
                Peer.Listener fast = Peer.Listener.open()) {
            guest.connect(full.endpoint()).close(); // the one it has room for
            int slow = guest.ask(new ConnectRequest(full.endpoint()));
            long asked = System.nanoTime();
            GuestSide side = guest.connect(fast.endpoint()); // asked later, answered earlier
            try (Peer peer = fast.accept()) {
                peer.send("fast");
                assertEquals("fast", side.receive(4));
            }
            assertEquals(new ConnectErr(Errno.ETIMEDOUT), guest.answerTo(slow));
            long took = System.nanoTime() - asked;
            assertTrue(took >= timeout.toNanos() / 2, "took " + took + " ns");
        }
    }

    @Test
    void connectInFlightIsGivenUpWithItsGuest() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                Peer.Listener full = fullListener()) {
            RawGuest guest = monitor.guest();
            try (guest) {
                guest.connect(full.endpoint()).close();
                guest.ask(new ConnectRequest(full.endpoint()));
                guest.sync();
            }
            full.accept().close(); // room, were there still anybody who wants it
            monitor.stop(); // returns when the guest's loop has ended
            full.assertUntouched();
        }
    }

    /** A port that is free may be given to the very socket that connects to it, and TCP lets it meet itself. */
    @Test
    void connectionToItselfIsRefused() throws Exception {
        int many = 8_000; // without the check one of a few hundred succeeds
        int atOnce = 100;
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            Endpoint to = freeEvenPort();
            for (int i = 0; i < many; i += atOnce) {
                for (int j = 0; j < atOnce; j++) guest.send(i + j, new ConnectRequest(to));
                for (int j = 0; j < atOnce; j++) {
                    assertEquals(
                            new ConnectErr(Errno.ECONNREFUSED), guest.answer().reply());
                }
            }
        }
    }

    /** On the address that connections of loopback come from, and even, as the ports that connect(2) takes first are. */
    private static Endpoint freeEvenPort() throws Exception {
        for (int port = 40_000; ; port += 2) {
            try (Fd socket = Sockets.open(AF_INET, SOCK_STREAM)) {
                Sockets.bind(socket, new SocketAddress.IPv4(LOCALHOST, port));
                return new Endpoint(LOCALHOST, port);
            } catch (ErrnoException e) {
                assertEquals(Errno.EADDRINUSE, e.errno());
            }
        }
    }
}
