package arca.monitor;

import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_REUSEADDR;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import arca.control.ConnectionReady;
import arca.control.Endpoint;
import arca.control.Reply.ConnectErr;
import arca.control.Request.ConnectRequest;
import arca.monitor.config.MonitorConfig;
import arca.monitor.guest.SharedResources;
import arca.monitor.ledger.Ledgers;
import arca.monitor.policy.Policy;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import arca.testnet.GuestSide;
import arca.testnet.Loopback;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests the replies to ConnectRequests, and when they come. */
@ParameterizedClass
@EnumSource(Variant.class)
class ConnectTest {
    private static final Endpoint MULTICAST = Endpoint.parse("224.0.0.1:80");

    @Parameter
    Variant variant;

    private int connected = -1; // the last result of a connect: of connect(2), or SO_ERROR later

    /** Returns a listener whose backlog one connection fills. The kernel ignores further handshakes. */
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
        try (RunningMonitor monitor = RunningMonitor.start(
                        variant, config -> config.toBuilder().policy(policy).build());
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
            try (RunningMonitor monitor = RunningMonitor.start(
                            variant, config -> config.toBuilder().policy(policy).build());
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
    void slowConnectKeepsNoFastOneWaiting() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest();
                Peer.Listener full = fullListener();
                Peer.Listener fast = Peer.Listener.open()) {
            guest.connect(full.endpoint()).close(); // fills the backlog
            guest.ask(new ConnectRequest(full.endpoint()));
            GuestSide side = guest.connect(fast.endpoint()); // its request is later, and its reply is earlier
            try (Peer peer = fast.accept()) {
                peer.send("fast");
                assertEquals("fast", side.receive(4));
            }
        }
    }

    @Test
    void slowConnectTimesOutAndNotBeforeItsTime() throws Exception {
        Duration timeout = Duration.ofMillis(100);
        try (RunningMonitor monitor = RunningMonitor.start(
                        variant,
                        config -> config.toBuilder().connectTimeout(timeout).build());
                RawGuest guest = monitor.guest();
                Peer.Listener full = fullListener();
                Peer _ = Peer.connect(full.endpoint())) { // fills the backlog
            long before = System.nanoTime();
            int slow = guest.ask(new ConnectRequest(full.endpoint()));
            assertEquals(new ConnectErr(Errno.ETIMEDOUT), guest.answerTo(slow));
            long took = System.nanoTime() - before;
            assertTrue(took >= timeout.toNanos(), () -> "took " + took + " ns");
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
            full.accept().close(); // now a handshake would succeed, if one was still in progress
            monitor.stop(); // returns when the guest's loop has ended
            full.assertUntouched();
        }
    }

    /** TCP self-connect: the kernel may give a socket the very port that it connects to. */
    @Test
    void connectionToItselfIsRefused() throws Exception {
        Endpoint to = Loopback.free();
        MonitorConfig config = variant.config();
        try (EmbeddedGuest guest = EmbeddedGuest.open(
                "g1", new SharedResources(config, Ledgers.ample(), this::unlucky), new EmbeddedGuests())) {
            assertEquals(new ConnectErr(Errno.ECONNREFUSED), EmbeddedRequests.call(guest, new ConnectRequest(to)));
            assertEquals(0, connected, "the kernel has connected it");
        }
    }

    /** Returns Linux, but each socket that connects gets the very port that it connects to. */
    private Kernel unlucky() {
        Kernel linux = new LinuxKernel();
        return (Kernel) Proxy.newProxyInstance(
                ConnectTest.class.getClassLoader(), new Class<?>[] {Kernel.class}, (_, method, arguments) -> {
                    try {
                        boolean connects = method.getName().equals("connect");
                        if (connects) {
                            int socket = (int) arguments[0];
                            assertEquals(0, linux.setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, 1));
                            assertEquals(0, linux.bind(socket, (SocketAddress.Inet) arguments[1]));
                        }
                        Object answer = method.invoke(linux, arguments);
                        if (connects || method.getName().equals("getsockopt")) connected = (int) answer;
                        return answer;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
