package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.ErrnoException;
import arca.bindings.ProcFile;
import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testnet.EchoPeer;
import arca.testnet.GoodGuests;
import arca.testnet.HostileGuest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A user does without end what costs the monitor most. A guest of another user does not notice. */
class HostileUsersIT {
    private static final int HOSTILE = 65534;

    /** A user id that no other process has, so the kernel counts only this monitor's pipes for it. */
    private static final int MONITOR = 3_000_000 + (int) ProcessHandle.current().pid() % 1_000_000;

    private static final int DESCRIPTORS = 4096;
    private static final int TIMES = 100;
    private static final int DEFAULT_PIPE = 64 * 1024; // bytes: pipe(7)

    @TempDir
    private Path folder;

    @BeforeAll
    static void asRoot() throws IOException {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can become another user");
    }

    @BeforeEach
    void openFolder() throws IOException {
        Files.setAttribute(folder, "unix:mode", 0755);
    }

    private Child hostile(MonitorProcess monitor) throws Exception {
        return HostileGuest.startAs(HOSTILE, monitor.control(), ChildJvm.sameClassesInJars(folder));
    }

    /** Connects again and again, in one session and in new ones. No request is refused. */
    private static void works(MonitorProcess monitor, ArcaSession victim, EchoPeer peer) throws Exception {
        for (int i = 0; i < TIMES; i++) GoodGuests.connect(victim, peer, i);
        for (int i = 0; i < TIMES; i++) {
            try (ArcaSession other = monitor.session()) {
                GoodGuests.connect(other, peer, i);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"be-refused-without-end 16", "break-frames-without-end 4", "come-and-go-without-end 4"})
    void otherUsersAreServed(String misdeed) throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start();
                EchoPeer peer = new EchoPeer();
                ArcaSession victim = monitor.session();
                Child hostile = hostile(monitor)) {
            assertEquals("begun", hostile.ask(misdeed));
            works(monitor, victim, peer);
        }
    }

    /** The lines about one user's guests have a limit of their own. */
    @Test
    void denialsOfOtherUsersAreLogged() throws Exception {
        try (MonitorProcess monitor = MonitorProcess.start();
                ArcaSession victim = monitor.session();
                Child hostile = hostile(monitor)) {
            assertEquals("begun", hostile.ask("break-frames-without-end 4"));
            for (int i = 1; i <= 10; i++) {
                Endpoint denied = Endpoint.parse("192.0.2.1:" + i);
                assertThrows(ErrnoException.class, () -> victim.connect(denied));
                monitor.child().awaitError("connect to " + denied + " denied");
            }
        }
    }

    @Test
    void pipesThatAGuestEnlargesAreTakenBack() throws Exception {
        assumeTrue(
                Long.parseLong(ProcFile.read("/proc/sys/fs/pipe-user-pages-soft")
                                .strip())
                        == 16384,
                "this system lets a user's pipes hold less or more than is usual");
        try (MonitorProcess monitor = MonitorProcess.startUnprivileged(MONITOR, DESCRIPTORS);
                EchoPeer peer = new EchoPeer();
                ArcaSession victim = monitor.session();
                Child hostile = hostile(monitor)) {
            assertEquals(
                    "connected", hostile.ask("connect-many " + peer.address().getPort() + " 40"));
            assertEquals("EPERM (Operation not permitted)", hostile.ask("enlarge-pipes"));
            hasLargePipes(victim, peer);
            monitor.child().awaitError("its pipes were made smaller by");
            monitor.child().awaitErrors(TIMES, " ended: "); // the victim's pipes take no more memory
            assertEquals("EPERM (Operation not permitted)", hostile.ask("enlarge-pipes"), "again");
            hasLargePipes(victim, peer);
            monitor.child().awaitError("cut: it has enlarged its pipes");
            assertEquals("the end", hostile.ask("await-end"));
        }
    }

    @Test
    void otherUsersAreServedBesideConnectionsThatNobodyReads() throws Exception {
        int connections = 40;
        try (MonitorProcess monitor = MonitorProcess.start("--relay", "copy", "--copy-memory", "4M");
                ServerSocket source = new ServerSocket(0, connections, InetAddress.getLoopbackAddress());
                EchoPeer peer = new EchoPeer();
                ArcaSession victim = monitor.session();
                Child hostile = hostile(monitor)) {
            Thread.ofPlatform().daemon().start(() -> sendWithoutEnd(source));
            assertEquals("connected", hostile.ask("connect-many " + source.getLocalPort() + " " + connections));
            works(monitor, victim, peer);
        }
    }

    /** Sends to whoever connects, until the source or the connection is closed. */
    private static void sendWithoutEnd(ServerSocket source) {
        try {
            while (true) {
                Socket socket = source.accept();
                Thread.ofPlatform().daemon().start(() -> {
                    try (socket) {
                        while (true) socket.getOutputStream().write(new byte[DEFAULT_PIPE]);
                    } catch (IOException e) {
                        return; // the guest is gone
                    }
                });
            }
        } catch (IOException e) {
            return; // the test is over
        }
    }

    @Test
    void otherUsersAreServedBesideGuestsThatAreGone() throws Exception {
        int mayGoOn = 100; // a quarter of 400
        int more = 5;
        try (MonitorProcess monitor = MonitorProcess.start("--max-guests", "400");
                ServerSocket silent = new ServerSocket();
                EchoPeer peer = new EchoPeer();
                ArcaSession victim = monitor.session();
                Child hostile = hostile(monitor)) {
            silent.setReceiveBufferSize(1); // the least there is
            silent.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), mayGoOn + more);
            assertEquals("left", hostile.ask("upload-and-leave " + silent.getLocalPort() + " " + (mayGoOn + more)));
            monitor.child().awaitErrors(more, ": its 1 connections were cut: the guest is gone");
            works(monitor, victim, peer);
        }
    }

    private static void hasLargePipes(ArcaSession victim, EchoPeer peer) throws Exception {
        for (int i = 0; i < TIMES; i++) {
            try (ArcaStream stream = victim.connect(peer.address())) {
                assertTrue(stream.ringSize() >= DEFAULT_PIPE, "bytes: " + stream.ringSize());
            }
        }
    }
}
