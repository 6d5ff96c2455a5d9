package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.control.Endpoint;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.monitor.config.ControlAccess;
import arca.monitor.config.ControlPoint;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.config.Profile;
import arca.monitor.config.Profile.OnReload;
import arca.monitor.config.Profiles;
import arca.monitor.observe.GuestEvent;
import arca.monitor.observe.GuestSnapshot;
import arca.monitor.policy.Policy;
import arca.testnet.EchoPeer;
import arca.testnet.Loopback;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A monitor has several control sockets, and its sockets and policies are replaced while it runs. */
class ReplaceTest {
    private static final Policy LOOPBACK =
            Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("any");

    @TempDir
    Path folder;

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

    private ControlPoint point(String name) {
        return point(name, 0600);
    }

    private ControlPoint point(String name, int mode) {
        return new ControlPoint(folder.resolve(name), new ControlAccess(mode, Optional.empty()));
    }

    private MonitorConfig.Builder config(Profiles profiles, ControlPoint... points) {
        return MonitorConfig.builder()
                .profiles(profiles)
                .controls(List.of(points))
                .observer((guest, event) -> {
                    if (!(event instanceof GuestEvent.PrivilegedUser)) events.add(guest + ": " + event);
                });
    }

    private ArcaSession session(String name) throws IOException {
        return ArcaSession.connect(folder.resolve(name));
    }

    private static Profile profile(String label, Policy policy, OnReload onReload) {
        return new Profile(Optional.of(label), policy, Optional.empty(), Optional.empty(), onReload);
    }

    private static void assertErrno(int errno, Executable request) {
        assertEquals(errno, assertThrows(ErrnoException.class, request).errno());
    }

    @Test
    void profileIsChosenByTheSocket() throws Exception {
        Path strict = folder.resolve("strict");
        Profiles profiles = guest -> guest.socket().equals(Optional.of(strict))
                ? profile("strict", Policy.NOTHING, OnReload.KEEP)
                : new Profile(LOOPBACK);
        try (Monitor monitor = Monitor.start(
                        config(profiles, point("open"), point("strict")).build());
                EchoPeer peer = new EchoPeer();
                ArcaSession open = session("open");
                ArcaSession denied = session("strict")) {
            open.connect(peer.address()).close();
            assertErrno(Errno.EACCES, () -> denied.connect(peer.address()));
            assertEquals(
                    List.of("g1", "g2 (strict)"),
                    monitor.snapshot().stream()
                            .map(GuestSnapshot::name)
                            .sorted()
                            .toList());
            String event = events.take();
            assertTrue(event.startsWith("g2 (strict): connect to 127."), event);
        }
        assertFalse(Files.exists(strict));
        assertFalse(Files.exists(folder.resolve("open")));
    }

    @Test
    void limitsAreThoseOfTheProfile() throws Exception {
        Limits one = Limits.builder().connections(1).listeners(1).build();
        Profile profile = new Profile(Optional.of("few"), LOOPBACK, Optional.of(one), Optional.empty(), OnReload.KEEP);
        try (Monitor monitor = Monitor.start(config(_ -> profile, point("a")).build());
                EchoPeer peer = new EchoPeer();
                ArcaSession session = session("a");
                ArcaStream _ = session.connect(peer.address());
                ArcaListener _ = session.listen(Loopback.free())) {
            assertErrno(Errno.EMFILE, () -> session.connect(peer.address()));
            assertErrno(Errno.EMFILE, () -> session.listen(Loopback.free()));
            monitor.replace(Profiles.same(LOOPBACK), List.of(point("a")));
            session.connect(peer.address()).close();
        }
    }

    @Test
    void guestsOfOneLabelAreCountedTogether() throws Exception {
        Limits one = Limits.builder().guestsPerUid(1).build();
        Profiles profiles = guest -> guest.socket().equals(Optional.of(folder.resolve("few")))
                ? new Profile(Optional.of("few"), LOOPBACK, Optional.of(one), Optional.empty(), OnReload.KEEP)
                : new Profile(LOOPBACK);
        try (Monitor _ = Monitor.start(
                        config(profiles, point("few"), point("many")).build());
                EchoPeer peer = new EchoPeer();
                ArcaSession first = session("few");
                ArcaSession second = session("few");
                ArcaSession other = session("many")) {
            first.connect(peer.address()).close();
            assertThrows(IOException.class, () -> second.connect(peer.address()));
            other.connect(peer.address()).close();
        }
    }

    @Test
    void eachSocketHasItsMode() throws Exception {
        try (Monitor monitor = Monitor.start(config(Profiles.same(LOOPBACK), point("a", 0600), point("b", 0660))
                .build())) {
            assertEquals(0600, mode("a"));
            assertEquals(0660, mode("b"));
            monitor.replace(Profiles.same(LOOPBACK), List.of(point("a", 0666), point("b", 0660)));
            assertEquals(0666, mode("a"));
            assertEquals(0660, mode("b"));
        }
    }

    private int mode(String name) throws IOException {
        return (int) Files.getAttribute(folder.resolve(name), "unix:mode") & 0777;
    }

    @Test
    void secondSocketCannotBeOpened() throws Exception {
        Files.writeString(folder.resolve("b"), "not a socket");
        MonitorConfig config =
                config(Profiles.same(LOOPBACK), point("a"), point("b")).build();
        String message =
                assertThrows(IOException.class, () -> Monitor.start(config)).getMessage();
        assertTrue(message.contains("something that is not a socket is there"), message);
        assertFalse(Files.exists(folder.resolve("a")));
    }

    @Test
    void socketsComeAndGoAndTheirGuestsGoOn() throws Exception {
        try (Monitor monitor = Monitor.start(
                        config(Profiles.same(LOOPBACK), point("a"), point("b")).build());
                EchoPeer peer = new EchoPeer();
                ArcaSession first = session("a");
                ArcaStream stream = first.connect(peer.address())) {
            Object inode = Files.getAttribute(folder.resolve("b"), "unix:ino");
            monitor.replace(Profiles.same(LOOPBACK), List.of(point("b"), point("c")));
            assertFalse(Files.exists(folder.resolve("a")));
            assertEquals(inode, Files.getAttribute(folder.resolve("b"), "unix:ino"), "it was not opened again");
            for (String name : List.of("b", "c")) {
                try (ArcaSession session = session(name)) {
                    session.connect(peer.address()).close();
                }
            }
            assertGoesOn(stream);
            first.connect(peer.address()).close();
        }
    }

    @Test
    void failureChangesNothing() throws Exception {
        try (Monitor monitor = Monitor.start(
                        config(Profiles.same(LOOPBACK), point("a")).build());
                EchoPeer peer = new EchoPeer();
                var _ = Sockets.listen(
                        SocketAddress.Unix.path(folder.resolve("taken").toString()), 0, 1)) {
            assertThrows(
                    IOException.class,
                    () -> monitor.replace(
                            Profiles.same(Policy.NOTHING), List.of(point("a", 0666), point("b"), point("taken"))));
            assertEquals(0600, mode("a"));
            assertFalse(Files.exists(folder.resolve("b")));
            try (ArcaSession session = session("a")) {
                session.connect(peer.address()).close();
            }
        }
    }

    @Test
    void monitorThatHasStoppedOpensNoSocket() throws Exception {
        Monitor monitor =
                Monitor.start(config(Profiles.same(LOOPBACK), point("a")).build());
        monitor.close();
        assertThrows(IllegalStateException.class, () -> monitor.replace(Profiles.same(LOOPBACK), List.of(point("b"))));
        assertFalse(Files.exists(folder.resolve("b")));
    }

    @Test
    void newPolicyDecidesOnNewRequestsAndLiveConnectionsGoOn() throws Exception {
        try (Monitor monitor = Monitor.start(
                        config(Profiles.same(LOOPBACK), point("a")).build());
                EchoPeer peer = new EchoPeer();
                ArcaSession session = session("a");
                ArcaStream stream = session.connect(peer.address())) {
            monitor.replace(Profiles.same(Policy.NOTHING), List.of(point("a")));
            assertErrno(Errno.EACCES, () -> session.connect(peer.address()));
            assertGoesOn(stream);
            assertEquals(
                    "g1: the new policy does not allow what the guest has: connect to " + text(peer)
                            + " denied: no rule allows it; goes on",
                    awaitEvent("the new policy"));
        }
    }

    @Test
    void connectionsAndListenersThatANewPolicyDeniesAreCut() throws Exception {
        Endpoint at = Loopback.free();
        try (Monitor monitor = Monitor.start(
                        config(Profiles.same(LOOPBACK), point("a")).build());
                EchoPeer kept = new EchoPeer();
                EchoPeer peer = new EchoPeer();
                ArcaSession session = session("a");
                ArcaStream stream = session.connect(kept.address());
                ArcaStream first = session.connect(peer.address());
                ArcaStream second = session.connect(peer.address());
                ArcaListener listener = session.listen(at)) {
            Policy policy = Policy.NOTHING.allowConnect(text(kept));
            monitor.replace(_ -> profile("cut", policy, OnReload.CUT), List.of(point("a")));
            assertEnded(first);
            assertEnded(second);
            assertErrno(Errno.EBADF, listener::accept);
            assertThrows(
                    IOException.class,
                    () -> new java.net.Socket(
                                    java.net.InetAddress.ofLiteral(at.address().toString()), at.port())
                            .close());
            assertGoesOn(stream);
            assertEquals(
                    "g1: the new policy does not allow what the guest has: connect to " + text(peer)
                            + " denied: no rule allows it; 2 of these: ended",
                    awaitEvent("connect to"));
            assertEquals(
                    "g1: the new policy does not allow what the guest has: listen on " + at
                            + " denied: no rule allows it; ended",
                    awaitEvent("listen on"));
        }
    }

    private String awaitEvent(String part) throws InterruptedException {
        String event = events.take();
        while (!event.contains(part)) event = events.take();
        return event;
    }

    private static String text(EchoPeer peer) {
        return "127.0.0.1:" + peer.address().getPort();
    }

    private static void assertGoesOn(ArcaStream stream) throws IOException {
        assertEquals(1, stream.write(ByteBuffer.wrap(new byte[] {7})));
        assertEquals(1, stream.read(ByteBuffer.allocate(1)));
    }

    private static void assertEnded(ArcaStream stream) {
        try {
            assertEquals(-1, stream.read(ByteBuffer.allocate(1)));
        } catch (IOException e) {
            assertTrue(e.getMessage().contains("ECONNRESET") || e.getMessage().contains("EPIPE"), e.getMessage());
        }
    }
}
