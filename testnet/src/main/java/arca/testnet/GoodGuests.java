package arca.testnet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.Patience;
import arca.testkit.ReservedPorts;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Guests that keep to the protocol. Each connects to a peer and accepts a connection. On both, every byte is echoed and
 * checked.
 */
public final class GoodGuests {
    public static final int COUNT = 8;

    private static final int BYTES = 512 * 1024;
    private static final int ROUNDS = 2;

    private GoodGuests() {}

    /** Runs all guests at the same time. Fails if one of them fails. */
    public static void work(Path control) throws Exception {
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                        Thread.ofPlatform().daemon().factory());
                EchoPeer peer = new EchoPeer()) {
            List<Future<?>> guests = new ArrayList<>();
            for (int i = 0; i < COUNT; i++) {
                int seed = i;
                guests.add(threads.submit(() -> {
                    work(control, peer, seed);
                    return null;
                }));
            }
            for (Future<?> guest : guests) Patience.get("a good guest's work", guest);
        }
    }

    private static void work(Path control, EchoPeer peer, int seed) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            try (ArcaSession session = ArcaSession.connect(control)) {
                connect(session, peer, 2 * seed);
                accept(session, 2 * seed + 1);
            }
        }
    }

    /** Connects to an echo peer, and checks that every byte comes back. */
    public static void connect(ArcaSession session, EchoPeer peer, long seed) throws Exception {
        try (ArcaStream stream = session.connect(peer.address())) {
            checkEcho(stream.inputStream(), stream.outputStream(), stream::shutdownOutput, seed);
        }
    }

    private static void accept(ArcaSession session, long seed) throws Exception {
        ArcaListener listener = listen(session);
        InetSocketAddress at = new InetSocketAddress(
                InetAddress.getLoopbackAddress(), listener.endpoint().port());
        try (Socket peer = new Socket(at.getAddress(), at.getPort());
                ArcaStream stream = listener.accept()) {
            Thread echo = Thread.ofPlatform().daemon().start(() -> EchoPeer.echo(stream));
            checkEcho(peer.getInputStream(), peer.getOutputStream(), peer::shutdownOutput, seed);
            echo.join();
        }
    }

    /** Listens on a free port of 127.0.0.1. */
    public static ArcaListener listen(ArcaSession session) throws IOException {
        return session.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), ReservedPorts.next()));
    }

    /** The call that ends a stream's output. */
    @FunctionalInterface
    public interface End {
        void run() throws IOException;
    }

    private static void checkEcho(InputStream in, OutputStream out, End end, long seed) throws Exception {
        byte[] sent = new byte[BYTES];
        new SplittableRandom(seed).nextBytes(sent);
        Thread writer = Thread.ofPlatform().daemon().start(() -> {
            try {
                out.write(sent);
                end.run();
            } catch (IOException e) {
                throw new AssertionError("seed " + seed, e);
            }
        });
        assertArrayEquals(sent, in.readNBytes(BYTES), () -> "seed " + seed);
        assertEquals(-1, in.read(), "the end after all bytes");
        writer.join();
    }
}
