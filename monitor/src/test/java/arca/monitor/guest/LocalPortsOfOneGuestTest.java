package arca.monitor.guest;

import static arca.bindings.Constants.POLLIN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import arca.bindings.Errno;
import arca.bindings.ProcFile;
import arca.control.Endpoint;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.control.Request.ConnectRequest;
import arca.monitor.config.MonitorConfig;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.Ledgers;
import arca.monitor.ledger.Resource;
import arca.monitor.policy.Policy;
import arca.testkit.Patience;
import arca.testnet.GuestSide;
import arca.testnet.Peer;
import arca.testnet.Side;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the local ports that the ledger counts with those that the kernel has in use, at each way to end a connection. */
class LocalPortsOfOneGuestTest {
    private static final int SHARE = 8;
    private static final MonitorConfig CONFIG = MonitorConfig.builder()
            .policy(Policy.NOTHING.allowConnect("127.0.0.0/8"))
            .build();

    private final Peer.Listener listener = Peer.Listener.open();
    private final Endpoint to = listener.endpoint();
    private final DrivenGuest driven = new DrivenGuest(CONFIG, ledger());
    private GuestSide guest;
    private Peer peer;

    LocalPortsOfOneGuestTest() throws IOException {}

    /** The clock stands still, so no port is given back because its time is over. */
    private static Ledger ledger() {
        Map<Resource, Long> totals = Map.of(Resource.DESCRIPTORS, 1000L, Resource.PIPE_BYTES, 1L << 30);
        return new Ledger(totals, Ledgers.ports(2 * SHARE), 1_000_000_000, 50, () -> 0);
    }

    @AfterEach
    void close() {
        if (guest != null) {
            guest.close();
            peer.close();
        }
        driven.close();
        listener.close();
    }

    private void connect() throws Exception {
        driven.ask(new ConnectRequest(to));
        ConnectOk ok = assertInstanceOf(ConnectOk.class, driven.reply());
        guest = new GuestSide(driven.takeDescriptor(), driven.takeDescriptor(), ok.ready());
        peer = listener.accept();
    }

    private void untilEnded() {
        driven.until("the connection ends", () -> driven.guest.counts().connections() == 0);
    }

    /** Fails unless the ledger and the kernel have so many ports in use. */
    private void assertInUse(int count) throws Exception {
        assertEquals(count, driven.ports(to));
        Patience.await("the kernel has " + count + " ports in use", () -> inKernel() == count);
    }

    /** Counts the sockets that are connected to the listener, also those in TIME_WAIT: proc(5), /proc/net/tcp. */
    private long inKernel() throws IOException {
        String remote =
                String.format("%08X:%04X", Integer.reverseBytes(to.address().ipv4()), to.port());
        return ProcFile.read("/proc/self/net/tcp")
                .lines()
                .filter(line -> line.strip().split("\\s+")[2].equals(remote))
                .count();
    }

    @Test
    void guestEndsFirst() throws Exception {
        connect();
        assertInUse(1);
        guest.finish();
        driven.settle();
        peer.assertEnd();
        peer.close();
        untilEnded();
        guest.assertEnd();
        assertInUse(1);
    }

    @Test
    void guestEndsBothDirectionsAndThePeerNone() throws Exception {
        connect();
        guest.close();
        untilEnded();
        assertInUse(1);
    }

    @Test
    void peerEndsFirst() throws Exception {
        connect();
        peer.finish();
        guest.awaitInput(driven::step);
        guest.assertEnd();
        guest.finish();
        untilEnded();
        assertInUse(0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void peerResets(boolean afterTheGuestsEnd) throws Exception {
        connect();
        if (afterTheGuestsEnd) guest.finish();
        driven.settle();
        peer.reset();
        untilEnded();
        assertInUse(0);
    }

    @Test
    void guestIsCut() throws Exception {
        connect();
        driven.guest.close();
        Side.await(peer.input, POLLIN);
        assertInUse(0);
    }

    @Test
    void nobodyListens() throws Exception {
        listener.close();
        driven.ask(new ConnectRequest(to));
        assertEquals(new ConnectErr(Errno.ECONNREFUSED), driven.reply());
        assertInUse(0);
    }

    /** The kernel may have finished the handshake before the monitor looks at the socket. */
    @Test
    void guestEndsItsSessionDuringTheHandshake() throws Exception {
        driven.ask(new ConnectRequest(to));
        driven.socket.close();
        driven.until("the guest ends", driven.guest::hasEnded);
        assertInUse(1);
    }

    @Test
    void connectsEndAtTheShareOfADestination() throws Exception {
        for (int i = 0; i < SHARE; i++) {
            connect();
            guest.close();
            untilEnded();
            peer.close();
        }
        driven.ask(new ConnectRequest(to));
        assertEquals(new ConnectErr(Errno.EADDRNOTAVAIL), driven.reply());
        assertInUse(SHARE);
        try (Peer.Listener other = Peer.Listener.open()) {
            driven.ask(new ConnectRequest(other.endpoint()));
            assertInstanceOf(ConnectOk.class, driven.reply());
            driven.takeDescriptor().close();
            driven.takeDescriptor().close();
        }
    }
}
