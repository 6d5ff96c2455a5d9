package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.Syscalls;
import arca.control.Endpoint;
import arca.control.Reply.ConnectOk;
import arca.control.Request.ConnectRequest;
import arca.control.guest.ArcaSession;
import arca.monitor.config.MonitorConfig;
import arca.monitor.observe.GuestEvent;
import arca.testnet.EchoPeer;
import arca.testnet.GoodGuests;
import arca.testnet.GuestSide;
import arca.testnet.Peer;
import arca.testnet.Side;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests connections that the monitor cuts. Both sides see it, the peer sees a reset, and the log says why. */
class CutTest {
    /** A connection of a guest whose loop the test drives. So guest and monitor run in one thread. */
    private record Connected(Monitor monitor, EmbeddedGuest guest, GuestSide side, Peer peer) implements AutoCloseable {
        static Connected by(MonitorConfig config) throws Exception {
            Monitor monitor = Monitor.start(config);
            EmbeddedGuest guest = monitor.embed();
            try (Peer.Listener listener = Peer.Listener.open()) {
                return new Connected(monitor, guest, connect(guest, listener.endpoint()), listener.accept());
            }
        }

        private static GuestSide connect(EmbeddedGuest guest, Endpoint to) throws Exception {
            ConnectOk answer = assertInstanceOf(ConnectOk.class, EmbeddedRequests.call(guest, new ConnectRequest(to)));
            return EmbeddedRequests.take(guest, answer.ready());
        }

        /** Writes a text at one side and reads it at the other. */
        void carry(Side from, Side to, String text) {
            from.send(text);
            while (Side.isSilent(to.input)) guest.pumpOnce();
            assertEquals(text, to.receive(text.length()));
        }

        /** Fails unless the peer sees a reset. */
        void assertReset(MemorySegment scratch) {
            long n;
            do {
                guest.pumpOnce();
                n = Syscalls.read(peer.input.value(), scratch);
            } while ((n > 0 || n == -Errno.EAGAIN) && !Thread.interrupted());
            assertEquals(-Errno.ECONNRESET, n, "what the peer sees");
        }

        @Override
        public void close() {
            side.close();
            peer.close();
            guest.close();
            monitor.close();
        }
    }

    /** Runs an action, and returns what was logged meanwhile. */
    private static String logOf(Callable<Void> work) throws Exception {
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            work.call();
        } finally {
            System.setErr(before);
        }
        return log.toString(StandardCharsets.UTF_8);
    }

    private static void assertLogged(String log, String line) {
        assertTrue(log.lines().anyMatch(l -> l.matches(".*" + line)), log);
    }

    @ParameterizedTest(name = "{0}, the guest sends: {1}")
    @CsvSource({"EPOLL_SPLICE, true", "EPOLL_SPLICE, false", "POLL_SPLICE, true", "POLL_SPLICE, false"})
    void spliceThatIsRefusedAtRunTimeEndsBothDirectionsByAReset(Variant variant, boolean guestSends) throws Exception {
        String log = logOf(() -> Seccomp.onItsOwnThread(() -> {
            try (Connected connected = Connected.by(variant.config());
                    Arena arena = Arena.ofConfined()) {
                connected.carry(connected.side, connected.peer, "before");
                connected.carry(connected.peer, connected.side, "before");
                Seccomp.refuseSplice(Errno.EPERM);
                (guestSends ? connected.side : connected.peer).send("lost");
                connected.assertReset(arena.allocate(64));
                connected.side.assertEnd();
                assertEquals(Errno.EPIPE, connected.side.awaitWriteError());
            }
            return null;
        }));
        String address = "127\\.[0-9.]+:\\d+";
        assertLogged(
                log,
                "e1: connection \\d+ with " + address + " was cut: splice failed: EPERM \\(Operation not permitted\\)");
    }

    @Test
    void whereSpliceIsRefusedAtTheStartBytesAreCopied() throws Exception {
        String log = logOf(() -> Seccomp.onItsOwnThread(() -> {
            Seccomp.refuseSplice(Errno.EPERM);
            try (RunningMonitor monitor = RunningMonitor.start(Variant.EPOLL_SPLICE);
                    ArcaSession session = monitor.session();
                    EchoPeer peer = new EchoPeer()) {
                GoodGuests.connect(session, peer, 1);
            }
            return null;
        }));
        assertLogged(log, "splice failed in a trial: EPERM .* the monitor copies bytes instead.*");
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void peerThatAcknowledgesNothingIsCutAfterTheLingerTime(Variant variant) throws Exception {
        List<GuestEvent> events = new ArrayList<>();
        MonitorConfig config = variant.config().toBuilder()
                .linger(Duration.ZERO)
                .observer((_, event) -> events.add(event))
                .build();
        try (Connected connected = Connected.by(config);
                Arena arena = Arena.ofConfined()) {
            while (connected.side.fill() > 0) while (connected.guest.pumpOnce()) continue;
            connected.side.close();
            connected.assertReset(arena.allocate(1 << 16));
        }
        GuestEvent.PeerSilent cut = assertInstanceOf(GuestEvent.PeerSilent.class, events.getFirst());
        assertEquals(List.of(cut), events);
        assertEquals(Duration.ZERO, cut.linger());
        assertTrue(cut.bytes() > 0, cut::toString);
    }
}
