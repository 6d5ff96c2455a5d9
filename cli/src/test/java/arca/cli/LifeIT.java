package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.LongForm;
import arca.testkit.Patience;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A monitor that is ended again and again while a guest's connection is busy, each time on the same path. */
class LifeIT {
    private static final int TIMES = LongForm.times(5, 100);
    private static final int BUSY = 4 << 20; // bytes that have moved when it is ended

    @TempDir
    Path folder;

    @BeforeAll
    static void openTheDescriptorOfTheJdksOwn() throws IOException {
        ServerSocketChannel.open().close();
        SocketChannel.open().close();
    }

    @ParameterizedTest(name = "SIG{0}")
    @CsvSource({"TERM, 0", "KILL, 137"})
    void endsUnderLoadAndStartsAgain(String signal, int status) throws Exception {
        Path control = folder.resolve("a.sock");
        try (ServerSocketChannel peers =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            int port = ((InetSocketAddress) peers.getLocalAddress()).getPort();
            for (int i = 0; i < TIMES; i++) {
                try (Arca monitor = Arca.monitor(control, "--drain", "0");
                        ArcaSession session = ArcaSession.connect(control);
                        ArcaStream stream = session.connect(new Endpoint(0x7f000001, port));
                        SocketChannel peer = peers.accept()) {
                    Thread writer = Thread.ofPlatform().start(() -> writeToTheEnd(stream));
                    receive(peer, BUSY);
                    if (status == 0) monitor.signal("TERM");
                    else monitor.child().kill();
                    assertEquals(status, monitor.status(), "time " + i);
                    assertEquals(status == 0, Files.notExists(control), "time " + i);
                    Patience.join(writer); // it was told of the end
                    receiveToTheEnd(peer);
                }
                try (var left = Files.list(folder)) {
                    List<String> names = left.map(file -> file.getFileName().toString())
                            .sorted()
                            .toList();
                    assertEquals(status == 0 ? List.of() : List.of("a.sock", "a.sock.lock"), names);
                }
            }
        }
        try (Arca monitor = Arca.monitor(control)) {
            assertTrue(monitor.child().isAlive());
            assertFalse(Files.notExists(control));
        }
    }

    private static void writeToTheEnd(ArcaStream stream) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(65536);
        try {
            while (true) stream.write(buffer.clear());
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EPIPE) throw new UncheckedIOException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void receive(SocketChannel peer, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(65536);
        for (int left = count; left > 0; ) {
            int n = peer.read(buffer.clear());
            assertTrue(n > 0, left + " bytes did not come");
            left -= n;
        }
    }

    /** An end or a reset: the monitor was cut off in the middle. */
    private static void receiveToTheEnd(SocketChannel peer) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(65536);
        try {
            while (peer.read(buffer.clear()) >= 0) continue;
        } catch (IOException e) {
            assertEquals("Connection reset", e.getMessage());
        }
    }
}
