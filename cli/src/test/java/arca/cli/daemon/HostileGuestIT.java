package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.Child;
import arca.testkit.Patience;
import arca.testnet.GoodGuests;
import arca.testnet.HostileGuest;
import arca.testnet.NewerKernel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A hostile guest affects only itself: the transfers of other guests succeed meanwhile, and the monitor keeps nothing of it
 * after its end.
 */
@ParameterizedClass
@ValueSource(strings = {"epoll", "poll"})
record HostileGuestIT(String readiness) {
    private static MonitorProcess monitor;

    // New for each test.
    private static ServerSocket listener;
    private static Child hostile;
    private static Map<Integer, String> before;

    @BeforeParameterizedClassInvocation
    static void start(String readiness) throws Exception {
        monitor = MonitorProcess.start("--readiness", readiness);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws Exception {
        monitor.close();
    }

    @BeforeEach
    void beginBesideAHostileGuest() throws Exception {
        before = monitor.descriptors();
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        hostile = monitor.hostileGuest();
    }

    @AfterEach
    void endWithNothingLeft() throws Exception {
        hostile.close();
        listener.close();
        monitor.awaitEnd(monitor.guest(hostile));
        monitor.proc().awaitDescriptors(before);
    }

    /** Makes the hostile guest connect to this test, and returns the peer's socket. */
    private static Socket peer() throws Exception {
        HostileGuest.assertConnected(hostile.ask("connect " + listener.getLocalPort()));
        return listener.accept();
    }

    @Test
    void stoppedGuestGoesOnLater() throws Exception {
        try (Socket peer = peer()) {
            assertEquals("writing", hostile.ask("write-without-end"));
            hostile.signal("STOP");
            GoodGuests.work(monitor.control());
            hostile.signal("CONT");
            checkPattern(peer.getInputStream(), 64 << 20);
        }
    }

    private static void checkPattern(InputStream in, int count) throws IOException {
        byte[] expected = new byte[64 * 1024];
        for (int i = 0; i < expected.length; i++) expected[i] = (byte) (i * 31);
        for (int done = 0; done < count; done += expected.length) {
            assertArrayEquals(expected, in.readNBytes(expected.length));
        }
    }

    @Test
    void guestThatNeverReadsHoldsNobodyUp() throws Exception {
        try (Socket peer = peer()) {
            Thread sender = Thread.ofPlatform().daemon().start(() -> sendWithoutEnd(peer));
            assertEquals("flooded", hostile.ask("flood"));
            GoodGuests.work(monitor.control());
            assertTrue(sender.isAlive(), "the peer is held back");
            hostile.kill();
            Patience.join(sender);
        }
    }

    private static void sendWithoutEnd(Socket peer) {
        byte[] block = new byte[64 * 1024];
        try {
            while (true) peer.getOutputStream().write(block);
        } catch (IOException e) {
            return; // the guest has ended
        }
    }

    @Test
    void connectionThatEndsBeforeItsGuestReadsOfItIsHandedOverAllTheSame() throws Exception {
        int count = 20; // more than the control socket holds: 16
        String guest = " " + monitor.guest(hostile) + ": connection ";
        assertEquals("sent", hostile.ask("send-connects " + listener.getLocalPort() + " " + count));
        monitor.child().awaitErrors(count, guest);
        for (int i = 0; i < count; i++) {
            Socket peer = listener.accept();
            peer.setSoLinger(true, 0);
            peer.close(); // with a reset
        }
        monitor.child().awaitErrors(2 * count, guest); // all have ended
        HostileGuest.assertConnected(hostile.ask("receive " + count));
        peer().close(); // the session is as good as before
    }

    @Test
    void guestThatHoldsItsWriteEndHoldsUpItself() throws Exception {
        Socket peer = peer();
        assertEquals("held", hostile.ask("hold-writer"));
        peer.setSoLinger(true, 0);
        peer.close(); // with a reset, after which the monitor closes both pipes
        wedge();
    }

    @Test
    void guestThatHoldsItsReadEndHoldsUpItself() throws Exception {
        try (Socket peer = peer()) {
            OutputStream toGuest = peer.getOutputStream();
            toGuest.write(1);
            assertEquals("held", hostile.ask("hold-reader"));
            toGuest.write(2);
            wedge();
        }
    }

    private void wedge() throws Exception {
        String guest = monitor.guest(hostile);
        String wedged = monitor.child().awaitError(" " + guest + ": wedged");
        assertTrue(wedged.contains("(pid " + hostile.pid() + ", uid "), wedged);
        GoodGuests.work(monitor.control());
        assertEquals('D', monitor.proc().thread("guest " + guest).state(), "it is held all the while");
    }

    @Test
    void descriptorsAreRefusedAtTheSender() throws Exception {
        NewerKernel.assumePassRights();
        for (int count : new int[] {1, 2, 253}) {
            assertEquals("EPERM (Operation not permitted)", hostile.ask("send-descriptors " + count));
        }
        GoodGuests.work(monitor.control());
        peer().close(); // the session is as good as before
    }

    @Test
    void killedGuestsPeerGetsWhatItHadSent() throws Exception {
        try (Socket peer = peer()) {
            assertEquals("writing", hostile.ask("write-without-end"));
            checkPattern(peer.getInputStream(), 1 << 20);
            hostile.kill();
            GoodGuests.work(monitor.control());
            byte[] rest = peer.getInputStream().readAllBytes(); // to its end, which is no reset
            for (int i = 0; i < rest.length; i++) assertEquals((byte) (i % 65536 * 31), rest[i]);
        }
    }

    @Test
    void garbageEndsTheSessionThatSentIt() throws Exception {
        assertEquals("sent 9", hostile.ask("send-raw ffffffffffffffffff"));
        assertEquals("the end", hostile.ask("await-end"));
        monitor.child().awaitError(" " + monitor.guest(hostile) + ": malformed frame");
        GoodGuests.work(monitor.control());
    }

    @Test
    void halfAFrameHoldsNobodyUp() throws Exception {
        assertEquals("sent 3", hostile.ask("send-raw 030600"));
        GoodGuests.work(monitor.control());
        assertEquals("closed", hostile.ask("close-control"));
    }
}
