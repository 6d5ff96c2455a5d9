package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The monitor's end: by SIGTERM in the midst of everything, and by SIGKILL. */
@Timeout(300)
class SignalsTest {
    private static final int TIMES = 20;
    private static final int AT_ONCE = 2; // what takes long is a JVM's start, and the drain time
    private static final int SESSIONS = 2;
    private static final double DRAIN_SECONDS = 0.2;
    private static final long MORE_SECONDS = 5; // a JVM's end, on a busy machine

    @TempDir
    Path folder;

    /** Guests that never have enough: each keeps a connection busy until that ends. */
    private static final class Load implements AutoCloseable {
        private final EchoPeer peer = new EchoPeer();
        private final List<ArcaSession> sessions = new ArrayList<>();
        private final List<Thread> threads = new ArrayList<>();
        private final List<ArcaStream> streams = new ArrayList<>();

        Load(Path control) throws IOException {
            for (int i = 0; i < SESSIONS; i++) {
                ArcaSession session = ArcaSession.connect(control);
                sessions.add(session);
                ArcaStream stream = session.connect(peer.address());
                streams.add(stream);
                threads.add(Thread.ofPlatform().daemon().start(() -> send(stream)));
                threads.add(Thread.ofPlatform().daemon().start(() -> receive(stream)));
            }
        }

        private static void send(ArcaStream stream) {
            byte[] block = new byte[64 * 1024];
            try {
                while (true) stream.outputStream().write(block);
            } catch (IOException e) {
                return; // cut
            }
        }

        private static void receive(ArcaStream stream) {
            byte[] block = new byte[64 * 1024];
            try {
                while (stream.inputStream().read(block) >= 0) {}
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        /** Waits until every connection has ended at the guest. */
        void awaitEnd() throws InterruptedException {
            for (Thread thread : threads) thread.join();
        }

        @Override
        public void close() throws IOException {
            for (ArcaStream stream : streams) stream.close();
            sessions.forEach(ArcaSession::close);
            peer.close();
        }
    }

    /** An end of a monitor whose control socket is at a path, and which nobody else uses. */
    @FunctionalInterface
    private interface End {
        void at(Path control) throws Exception;
    }

    private void manyTimes(End end) throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < AT_ONCE; i++) {
                Path control = folder.resolve("control" + i);
                all.add(threads.submit(() -> {
                    for (int time = 0; time < TIMES / AT_ONCE; time++) end.at(control);
                    return null;
                }));
            }
            for (Future<?> one : all) one.get();
        }
    }

    @Test
    void sigtermUnderLoadEndsItWithinTheDrainTime() throws Exception {
        manyTimes(SignalsTest::terminate);
    }

    private static void terminate(Path control) throws Exception {
        MonitorProcess monitor = MonitorProcess.startAt(control, List.of(), "--drain", "" + DRAIN_SECONDS);
        try (Load load = new Load(control)) {
            long start = System.nanoTime();
            monitor.child().signal("TERM");
            assertEquals(0, monitor.child().await());
            long nanos = System.nanoTime() - start;
            long most = (long) ((DRAIN_SECONDS + MORE_SECONDS) * TimeUnit.SECONDS.toNanos(1));
            assertTrue(nanos <= most, () -> "ended after " + nanos + " ns; " + monitor.child());
            load.awaitEnd();
            assertFalse(Files.exists(control));
            assertEquals(List.of(), monitor.child().errors(" ERROR "));
        } finally {
            monitor.child().close();
        }
    }

    @Test
    void monitorThatWasKilledIsStartedAgainOnTheSamePathAndPort() throws Exception {
        Map<Path, Integer> ports = new ConcurrentHashMap<>();
        manyTimes(control -> kill(control, ports.computeIfAbsent(control, _ -> GoodGuests.freePort())));
    }

    private static void kill(Path control, int port) throws Exception {
        InetSocketAddress at = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        MonitorProcess monitor = MonitorProcess.startAt(control, List.of());
        try (ArcaSession session = ArcaSession.connect(control);
                ArcaListener listener = session.listen(at);
                Socket peer = new Socket(at.getAddress(), port);
                ArcaStream stream = listener.accept()) {
            stream.outputStream().write(42);
            assertEquals(42, peer.getInputStream().read());
            monitor.child().kill();
            assertEquals(-1, stream.inputStream().read());
        } finally {
            monitor.child().close();
        }
        assertTrue(Files.exists(control), "nobody was left to remove it");
    }
}
