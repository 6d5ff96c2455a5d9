package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.Reply;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ListenErr;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import arca.testkit.Patience;
import arca.testkit.Together;
import arca.testnet.Loopback;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests how a monitor stops. */
@ParameterizedClass
@EnumSource(Variant.class)
class StopTest {
    @Parameter
    Variant variant;

    @Test
    void waitingAndNewRequestsAreRefusedWhileConnectionsGoOn() throws Exception {
        try (Joined joined = Joined.by(variant);
                Peer.Listener full = Peer.Listener.open(0)) {
            RawGuest guest = joined.guest();
            Endpoint at = Loopback.free();
            int listener = guest.listen(at);
            guest.connect(full.endpoint()).close();
            int accept = guest.ask(new AcceptRequest(listener));
            int connect = guest.ask(new ConnectRequest(full.endpoint()));
            guest.sync();

            FutureTask<Void> stop = Together.start(joined.monitor()::stop);
            Set<Reply> refusals = Set.of(new AcceptErr(Errno.ESHUTDOWN), new ConnectErr(Errno.ESHUTDOWN));
            RawGuest.Answer one = guest.answer();
            RawGuest.Answer other = guest.answer();
            assertEquals(refusals, Set.of(one.reply(), other.reply()));
            assertEquals(Set.of(accept, connect), Set.of(one.requestId(), other.requestId()));

            ErrnoException closed = assertThrows(ErrnoException.class, () -> Peer.connect(at));
            assertEquals(Errno.ECONNREFUSED, closed.errno());
            int late = guest.ask(new ListenRequest(Loopback.free()));
            assertEquals(new ListenErr(Errno.ESHUTDOWN), guest.answerTo(late));
            late = guest.ask(new ConnectRequest(full.endpoint()));
            assertEquals(new ConnectErr(Errno.ESHUTDOWN), guest.answerTo(late));
            late = guest.ask(new AcceptRequest(listener));
            assertEquals(new AcceptErr(Errno.ESHUTDOWN), guest.answerTo(late));
            assertThrows(ErrnoException.class, joined.monitor()::guest, "no new guest is let in");

            new Transfer(joined.side(), joined.peer(), 1, 300_000, 2).run();
            new Transfer(joined.peer(), joined.side(), 2, 300_000, 2).run();
            full.accept().close(); // ends the last connection
            guest.assertEnd(); // because the last connection has ended
            Together.join(stop);
        }
    }

    @Test
    void guestWithoutConnectionsEndsAtOnce() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            guest.listen(Loopback.free());
            monitor.stop();
            guest.assertEnd();
        }
    }

    @Test
    void connectionsAreCutWhenTheDrainTimeIsOver() throws Exception {
        try (Joined joined = Joined.by(
                variant,
                config -> config.toBuilder().drain(Duration.ofMillis(100)).build())) {
            joined.monitor().stop();
            joined.guest().assertEnd();
            joined.side().assertEnd();
            assertEquals(Errno.EPIPE, joined.side().awaitWriteError());
            assertEquals(0, joined.peer().drain());
        }
    }

    @Test
    void uploadThatIsCutDoesNotLookWhole() throws Exception {
        try (Joined joined = Joined.by(variant);
                Arena arena = Arena.ofConfined()) {
            joined.side().fill(); // until the peer's window, the socket and the pipe are full
            joined.monitor().cut();
            MemorySegment buffer = arena.allocate(1 << 20);
            long n;
            do {
                n = joined.peer().read(buffer);
            } while (n > 0);
            assertEquals(-Errno.ECONNRESET, n);
        }
    }

    @Test
    void closeCutsAtOnceAndIsFinal() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.peer().send("never read");
            joined.monitor().cut();
            joined.guest().assertEnd();
            assertEquals(Errno.EPIPE, joined.side().awaitWriteError());
            joined.monitor().stop(); // does nothing any more
            assertFalse(joined.monitor().hasControlSocket());
        }
    }

    @Test
    void sessionThatHasEndedDrainsBeforeTheMonitorHasStopped() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.guest().closeControl();
            FutureTask<Void> stop = Together.start(joined.monitor()::stop);
            new Transfer(joined.side(), joined.peer(), 3, 300_000, 2).run();
            assertFalse(stop.isDone());
            joined.peer().close();
            joined.side().close();
            Together.join(stop);
        }
    }

    @Test
    void closeCutsADrainShortThatIsUnderWay() throws Exception {
        Duration tooLong =
                Duration.ofSeconds(2 * Patience.SECONDS); // but the monitor ends at some time even if the test fails
        try (Joined joined =
                Joined.by(variant, config -> config.toBuilder().drain(tooLong).build())) {
            FutureTask<Void> stop = Together.start(joined.monitor()::stop);
            int late = joined.guest().ask(new ListenRequest(Loopback.free()));
            while (!(joined.guest().answerTo(late) instanceof ListenErr refused && refused.code() == Errno.ESHUTDOWN)) {
                late = joined.guest().ask(new ListenRequest(Loopback.free())); // until the drain has begun
            }
            Together.join(Together.start(joined.monitor()::cut));
            Together.join(stop);
            joined.guest().assertEnd();
            assertEquals(Errno.EPIPE, joined.side().awaitWriteError());
        }
    }
}
