package arca.monitor;

import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_ERROR;
import static arca.monitor.EmbeddedRequests.answer;
import static arca.monitor.EmbeddedRequests.ask;
import static arca.monitor.EmbeddedRequests.isAnswered;
import static arca.monitor.EmbeddedRequests.take;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.Syscalls;
import arca.control.ConnectionReady;
import arca.control.Endpoint;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenErr;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.Together;
import arca.testnet.GuestSide;
import arca.testnet.Loopback;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests a guest in the monitor's process. The test drives its loop. */
@ParameterizedClass
@EnumSource(Variant.class)
class EmbeddedGuestTest {
    @Parameter
    Variant variant;

    private Monitor monitor() throws IOException {
        return Monitor.start(variant.config());
    }

    private static int listen(EmbeddedGuest guest, Endpoint at) throws Exception {
        ask(guest, new ListenRequest(at));
        assertTrue(guest.pumpOnce());
        return assertInstanceOf(ListenOk.class, answer(guest)).listenerId();
    }

    @Test
    void pumpOnceDoesWhatIsReadyAndNeverWaits() throws Exception {
        try (Monitor monitor = monitor();
                EmbeddedGuest guest = monitor.embed()) {
            guest.pumpOnce(); // handles the events that a new watch reports at once
            assertFalse(guest.pumpOnce(), "nothing to do");
            Endpoint at = Loopback.free();
            int listener = listen(guest, at);
            ask(guest, new AcceptRequest(listener));
            guest.pumpOnce();
            assertFalse(isAnswered(guest));
            try (Peer peer = Peer.connect(at)) {
                assertTrue(guest.pumpOnce());
                ConnectionReady ready = assertInstanceOf(IncomingConnection.class, answer(guest))
                        .ready();
                try (GuestSide side = take(guest, ready)) {
                    peer.send("in");
                    side.awaitInput(guest::pumpOnce);
                    assertEquals("in", side.receive(2));
                    side.send("out");
                    peer.awaitInput(guest::pumpOnce);
                    assertEquals("out", peer.receive(3));
                }
            }
        }
    }

    /** One round of the loop learns both: the guest has gone, and there are bytes for it. */
    @Test
    void bytesForAGuestThatHasGoneDoNotTurnItsEndIntoAReset() throws Exception {
        try (Monitor monitor = monitor();
                EmbeddedGuest guest = monitor.embed()) {
            Endpoint at = Loopback.free();
            int listener = listen(guest, at);
            ask(guest, new AcceptRequest(listener));
            try (Peer peer = Peer.connect(at)) {
                assertTrue(guest.serveOne());
                ConnectionReady ready = assertInstanceOf(IncomingConnection.class, answer(guest))
                        .ready();
                while (guest.pumpOnce()) continue;
                take(guest, ready).close();
                peer.send("for nobody");
                while (guest.pumpOnce()) continue;
                peer.assertEnd();
                assertEquals(
                        0,
                        Syscalls.getsockopt(peer.output.value(), SOL_SOCKET, SO_ERROR),
                        "EPIPE: reset after the end");
            }
        }
    }

    @Test
    void pollAcceptsPairsWhatWaitsAndNothingElse() throws Exception {
        try (Monitor monitor = monitor();
                EmbeddedGuest guest = monitor.embed()) {
            Endpoint at = Loopback.free();
            int listener = listen(guest, at);
            ask(guest, new AcceptRequest(listener));
            guest.pumpOnce();
            guest.pollAccepts();
            assertFalse(isAnswered(guest), "nobody has connected");
            try (Peer first = Peer.connect(at);
                    Peer second = Peer.connect(at)) {
                ask(guest, new ListenRequest(Loopback.free()));
                guest.pollAccepts();
                ConnectionReady ready = assertInstanceOf(IncomingConnection.class, answer(guest))
                        .ready();
                assertFalse(isAnswered(guest), "requests are not read by it, nor is more accepted than was asked for");
                guest.pumpOnce();
                assertInstanceOf(ListenOk.class, answer(guest));
                try (GuestSide side = take(guest, ready)) {
                    first.send("1");
                    second.send("2");
                    side.awaitInput(guest::pumpOnce);
                    assertEquals("1", side.receive(1));
                }
            }
        }
    }

    @Test
    void serveOneWaitsUntilARequestIsAnswered() throws Exception {
        try (Monitor monitor = monitor();
                EmbeddedGuest guest = monitor.embed()) {
            Endpoint at = Loopback.free();
            ask(guest, new ListenRequest(at));
            assertTrue(guest.serveOne());
            int listener = assertInstanceOf(ListenOk.class, answer(guest)).listenerId();
            ask(guest, new AcceptRequest(listener));
            FutureTask<Void> peer = Together.start(() -> {
                try (Peer connecting = Peer.connect(at)) {
                    connecting.finish();
                }
            });
            assertTrue(guest.serveOne());
            assertInstanceOf(IncomingConnection.class, answer(guest));
            Together.join(peer);
        }
    }

    @Test
    void serveOneEndsWithTheGuest() throws Exception {
        try (Monitor monitor = monitor();
                EmbeddedGuest guest = monitor.embed()) {
            guest.requests().close();
            assertFalse(guest.serveOne());
            assertTrue(guest.hasEnded());
        }
    }

    @Test
    void endsAreTakenOnceAndOutliveTheSession() throws Exception {
        try (Monitor monitor = monitor();
                EmbeddedGuest guest = monitor.embed();
                Peer.Listener listener = Peer.Listener.open()) {
            ask(guest, new ConnectRequest(listener.endpoint()));
            assertTrue(guest.serveOne());
            ConnectionReady ready =
                    assertInstanceOf(ConnectOk.class, answer(guest)).ready();
            try (GuestSide side = take(guest, ready);
                    Peer peer = listener.accept()) {
                assertThrows(IOException.class, () -> guest.take(ready.pipe().pipeId()));
                guest.requests().close();
                side.send("after the session");
                side.finish();
                peer.awaitInput(guest::pumpOnce);
                assertEquals("after the session", peer.receive(17));
                peer.finish();
                guest.run(); // ends with this connection, which is the last one
                peer.assertEnd();
                side.assertEnd();
            }
        }
    }

    @Test
    void endsThatNobodyTookCloseWithTheSession() throws Exception {
        try (Monitor monitor = monitor();
                EmbeddedGuest guest = monitor.embed();
                Peer.Listener listener = Peer.Listener.open()) {
            ask(guest, new ConnectRequest(listener.endpoint()));
            assertTrue(guest.serveOne());
            ConnectionReady ready =
                    assertInstanceOf(ConnectOk.class, answer(guest)).ready();
            guest.requests().close();
            try (Peer peer = listener.accept()) {
                guest.run();
                peer.assertEnd();
            }
            assertThrows(IOException.class, () -> guest.take(ready.pipe().pipeId()));
        }
    }

    @Test
    void stopRefusesWhatWaitsAndEndsWithTheLastConnection() throws Exception {
        try (Monitor monitor = monitor();
                EmbeddedGuest guest = monitor.embed();
                Peer.Listener peers = Peer.Listener.open()) {
            ask(guest, new ConnectRequest(peers.endpoint()));
            assertTrue(guest.serveOne());
            ConnectionReady ready =
                    assertInstanceOf(ConnectOk.class, answer(guest)).ready();
            int listener = listen(guest, Loopback.free());
            ask(guest, new AcceptRequest(listener));
            guest.pumpOnce();
            try (GuestSide side = take(guest, ready);
                    Peer peer = peers.accept()) {
                Together.run(guest::stop); // any thread may call it
                assertTrue(guest.serveOne());
                assertEquals(new AcceptErr(Errno.ESHUTDOWN), answer(guest));
                ask(guest, new ListenRequest(Loopback.free()));
                assertTrue(guest.serveOne());
                assertEquals(new ListenErr(Errno.ESHUTDOWN), answer(guest));
                assertFalse(guest.hasEnded());
                side.send("still");
                peer.awaitInput(guest::pumpOnce);
                assertEquals("still", peer.receive(5));
                side.finish();
                peer.finish();
                guest.run();
            }
        }
    }

    @Test
    void monitorThatStopsTellsTheGuest() throws Exception {
        Monitor monitor = monitor();
        try (EmbeddedGuest guest = monitor.embed()) {
            monitor.stop();
            assertThrows(IllegalStateException.class, monitor::embed);
            guest.run();
            assertTrue(guest.hasEnded());
        }
        monitor.close();
    }

    @Test
    void closeCutsWhatIsLeft() throws Exception {
        try (Monitor monitor = monitor();
                Peer.Listener listener = Peer.Listener.open()) {
            EmbeddedGuest guest = monitor.embed();
            try (guest) {
                ask(guest, new ConnectRequest(listener.endpoint()));
                assertTrue(guest.serveOne());
            }
            try (Peer peer = listener.accept()) {
                assertEquals(0, peer.drain());
            }
            guest.stop(); // does nothing any more
        }
    }

    @Test
    void libraryRunsOverTheGuestsPipes() throws Exception {
        try (Monitor monitor = monitor();
                EmbeddedGuest guest = monitor.embed()) {
            Endpoint at = Loopback.free();
            ArcaSession session = guest.session();
            assertThrows(IllegalStateException.class, guest::session);
            FutureTask<Void> guestsCode = Together.start(() -> {
                try (session;
                        ArcaListener listener = session.listen(at);
                        Peer peer = Peer.connect(at);
                        ArcaStream stream = listener.accept()) {
                    stream.outputStream().write("out".getBytes(StandardCharsets.UTF_8));
                    assertEquals("out", peer.receive(3));
                    peer.send("in");
                    peer.finish();
                    assertEquals("in", new String(stream.inputStream().readAllBytes(), StandardCharsets.UTF_8));
                }
            });
            guest.run();
            Together.join(guestsCode);
        }
    }

    @Test
    void guestsInTheProcessAndBesideItHaveNumbersOfTheirOwn() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                EmbeddedGuest guest = monitor.embed();
                RawGuest other = monitor.guest()) {
            assertEquals(1, listen(guest, Loopback.free()));
            assertEquals(2, other.listen(Loopback.free()));
            ask(guest, new AcceptRequest(2));
            assertTrue(guest.serveOne());
            assertEquals(new AcceptErr(Errno.EBADF), answer(guest));
        }
    }
}
