package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.Reply.ListenErr;
import arca.control.Reply.ListenOk;
import arca.control.Request.ListenRequest;
import arca.monitor.policy.Policy;
import arca.testnet.GuestSide;
import arca.testnet.Loopback;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the replies to ListenRequests, and the listeners that then exist. */
@ParameterizedClass
@EnumSource(Variant.class)
class ListenTest {
    private static final Endpoint NOT_OURS = Endpoint.parse("192.0.2.1:8080"); // RFC 5737: documentation

    @Parameter
    Variant variant;

    @Test
    void peersCanConnectOnceListenOkHasCome() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            Endpoint at = Loopback.free();
            int id = guest.listen(at);
            try (Peer peer = Peer.connect(at);
                    GuestSide side = guest.accept(id)) {
                peer.send("in");
                assertEquals("in", side.receive(2));
                assertEquals(id, side.ready.listenerId());
            }
        }
    }

    @Test
    void listenersAreNumberedFromOneOverAllGuests() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest one = monitor.guest();
                RawGuest other = monitor.guest()) {
            assertEquals(1, one.listen(Loopback.free()));
            assertEquals(2, other.listen(Loopback.free()));
            assertEquals(3, one.listen(Loopback.free()));
        }
    }

    @Test
    void portZeroIsAFreePort() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            int id = guest.listen(new Endpoint(Loopback.ADDRESS, 0));
            List<Integer> ports = listeningPorts();
            assertEquals(1, ports.size());
            try (Peer peer = Peer.connect(new Endpoint(Loopback.ADDRESS, ports.getFirst()));
                    GuestSide side = guest.accept(id)) {
                peer.send("in");
                assertEquals("in", side.receive(2));
            }
            assertEquals(2, guest.listen(new Endpoint(Loopback.ADDRESS, 0)));
        }
    }

    /** Returns the ports of this run's address on which somebody listens: proc_net_tcp(5). */
    private static List<Integer> listeningPorts() throws Exception {
        String address = String.format("%08X:", Integer.reverseBytes(Loopback.ADDRESS));
        return Files.readAllLines(Path.of("/proc/self/net/tcp")).stream()
                .map(line -> line.strip().split(" +"))
                .filter(fields -> fields[1].startsWith(address) && fields[3].equals("0A"))
                .map(fields -> Integer.parseInt(fields[1].substring(address.length()), 16))
                .toList();
    }

    @Test
    void addressInUseIsRefused() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest();
                Peer.Listener taken = Peer.Listener.open()) {
            int id = guest.ask(new ListenRequest(taken.endpoint()));
            assertEquals(new ListenErr(Errno.EADDRINUSE), guest.answerTo(id));
            guest.sync();
        }
    }

    @Test
    void guestsCannotShareAnAddressButFollowEachOther() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest other = monitor.guest()) {
            Endpoint at = Loopback.free();
            try (RawGuest first = monitor.guest()) {
                first.listen(at);
                int id = other.ask(new ListenRequest(at));
                assertEquals(new ListenErr(Errno.EADDRINUSE), other.answerTo(id));
                first.send(
                        new byte[] {99, 0, 0, 0, 0, 0, 0}); // ends its session; the guest sees when that has happened
                first.assertEnd();
            }
            other.listen(at);
        }
    }

    @Test
    void addressThatIsNotOursIsRefused() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            int id = guest.ask(new ListenRequest(NOT_OURS));
            assertEquals(new ListenErr(Errno.EADDRNOTAVAIL), guest.answerTo(id));
            guest.sync();
        }
    }

    @Test
    void whatPolicyDeniesIsRefusedAndNobodyListens() throws Exception {
        Endpoint at = Loopback.free();
        Policy policy = Policy.NOTHING.allowListen("any").denyListen(at.toString());
        try (RunningMonitor monitor = RunningMonitor.start(
                        variant, config -> config.toBuilder().policy(policy).build());
                RawGuest guest = monitor.guest()) {
            int id = guest.ask(new ListenRequest(at));
            assertEquals(new ListenErr(Errno.EACCES), guest.answerTo(id));
            ErrnoException refused = assertThrows(ErrnoException.class, () -> Peer.connect(at));
            assertEquals(Errno.ECONNREFUSED, refused.errno());
            guest.listen(Loopback.free());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 0x7fffffff, 0x80000000, -1})
    void requestIdIsEchoedAlsoWhenRepeated(int requestId) throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            guest.send(requestId, new ListenRequest(Loopback.free()));
            guest.send(requestId, new ListenRequest(NOT_OURS));
            guest.send(requestId, new ListenRequest(Loopback.free()));
            assertInstanceOf(ListenOk.class, guest.answerTo(requestId));
            assertInstanceOf(ListenErr.class, guest.answerTo(requestId));
            assertInstanceOf(ListenOk.class, guest.answerTo(requestId));
        }
    }
}
