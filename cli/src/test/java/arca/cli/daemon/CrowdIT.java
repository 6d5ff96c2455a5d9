package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.control.Endpoint;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.Patience;
import arca.testkit.Proc;
import arca.testnet.EchoPeer;
import arca.testnet.GoodGuests;
import arca.testnet.RawGuest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Many guests and many connections: what they cost, and that the monitor keeps nothing of them after their end. */
@ParameterizedClass
@ValueSource(strings = {"epoll", "poll"})
record CrowdIT(String readiness) {
    private static final int AT_ONCE = 4;

    private static MonitorProcess monitor;
    private static Map<Integer, String> before;

    @BeforeParameterizedClassInvocation
    static void start(String readiness) throws Exception {
        monitor = MonitorProcess.start(
                "--readiness", readiness, "--max-guests", "1000", "--max-guests-per-uid", "1000", "--share", "100");
        before = monitor.descriptors();
    }

    @AfterParameterizedClassInvocation
    static void stop() throws Exception {
        monitor.close();
    }

    @AfterEach
    void endWithNothingLeft() throws Exception {
        monitor.proc().awaitDescriptors(before);
        Patience.await(
                "the end of all guests", () -> monitor.proc().threads("guest ").isEmpty());
    }

    /** A piece of work that a test repeats. */
    @FunctionalInterface
    private interface Work {
        void run() throws Exception;
    }

    private static void manyTimes(int times, Work work) throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < AT_ONCE; i++) {
                all.add(threads.submit(() -> {
                    for (int time = 0; time < times / AT_ONCE; time++) work.run();
                    return null;
                }));
            }
            for (Future<?> one : all) Patience.get("work that is done many times", one);
        }
    }

    @Test
    void twoThousandConnectionsLeaveNothingBehind() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                ArcaSession session = monitor.session();
                ArcaListener ours = GoodGuests.listen(session)) {
            InetSocketAddress theirs = (InetSocketAddress) listener.getLocalSocketAddress();
            manyTimes(1000, () -> {
                try (ArcaStream stream = session.connect(theirs);
                        Socket peer = listener.accept()) {
                    assertPasses(stream, peer);
                }
                try (Socket peer =
                                new Socket(theirs.getAddress(), ours.endpoint().port());
                        ArcaStream stream = ours.accept()) {
                    assertPasses(stream, peer);
                }
            });
        }
    }

    /** Both connections are some thread's own; whose they are does not matter, so what one gets is not known. */
    private static void assertPasses(ArcaStream stream, Socket peer) throws IOException {
        stream.outputStream().write(1);
        peer.getOutputStream().write(2);
        stream.shutdownOutput();
        peer.shutdownOutput();
        assertEquals(2, stream.inputStream().read());
        assertEquals(1, peer.getInputStream().read());
        assertEquals(-1, stream.inputStream().read());
        assertEquals(-1, peer.getInputStream().read());
    }

    @Test
    void hundredGuestsThatComeAndGoLeaveNothingBehind() throws Exception {
        try (EchoPeer peer = new EchoPeer()) {
            manyTimes(100, () -> {
                try (ArcaSession session = monitor.session()) {
                    GoodGuests.connect(session, peer, 1);
                }
            });
        }
    }

    @Test
    void fiveHundredGuestsAreAThreadEachAndThoseWithNothingToDoSleep() throws Exception {
        int count = 500;
        Proc proc = monitor.proc();
        List<RawGuest> guests = new ArrayList<>();
        try (EchoPeer peer = new EchoPeer();
                ArcaSession active = monitor.session()) {
            GoodGuests.connect(active, peer, 1);
            Map<Integer, Long> activesOwn = proc.waits("guest ");
            for (int i = 0; i < count; i++) guests.add(new RawGuest(monitor.control()));
            for (RawGuest guest : guests) guest.sync();
            assertEquals(1 + count, proc.threads("guest ").size());
            Map<Integer, Long> waits = proc.waits("guest ", "acceptor");
            GoodGuests.connect(active, peer, 2);
            Map<Integer, Long> later = proc.waits("guest ", "acceptor");
            waits.keySet().removeAll(activesOwn.keySet());
            later.keySet().removeAll(activesOwn.keySet());
            assertEquals(waits, later, "who has nothing to do does not wake");
        } finally {
            guests.forEach(RawGuest::close);
        }
    }

    @Test
    void thousandIdleConnectionsCostNoTime() throws Exception {
        int count = 1000;
        Proc proc = monitor.proc();
        List<ArcaStream> idle = new ArrayList<>();
        try (ServerSocket silent = new ServerSocket(0, count, InetAddress.getLoopbackAddress());
                EchoPeer peer = new EchoPeer();
                ArcaSession session = monitor.session();
                ArcaSession other = monitor.session()) {
            int port = silent.getLocalPort();
            for (int i = 0; i < count; i++) idle.add(session.connect(new Endpoint(0x7f000001, port)));
            Map<Integer, Long> start = proc.waits("guest ", "acceptor");
            for (int i = 0; i < 10; i++) GoodGuests.connect(other, peer, i);
            Map<Integer, Long> after = proc.waits("guest ", "acceptor");
            assertEquals(start.keySet(), after.keySet());
            List<Integer> woken = after.keySet().stream()
                    .filter(tid -> !after.get(tid).equals(start.get(tid)))
                    .toList();
            assertEquals(1, woken.size(), "the thread of the guest that is busy, and no other");
        } finally {
            for (ArcaStream stream : idle) stream.close();
        }
    }
}
