package arca.benchmarks;

import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures {@link FileChannel#transferTo} from a file to a socket. It cannot relay: from a pipe it moves nothing,
 * because it reads the file's size and a pipe's size is 0, and to a pipe it fails. So this is an upper bound for a
 * relay: the bytes are in the page cache already, and nobody has to write them first.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgs = {"-Xms256m", "-Xmx256m", "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"
        })
@Warmup(iterations = 2, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 200, timeUnit = TimeUnit.MILLISECONDS)
public class FileTransferBenchmark {
    private static final int LOCALHOST = 0x7f000001;
    private static final int PART = 64 * 1024; // no more than a connection takes that nobody reads yet

    @Param({"64", "1024", "16384", "262144", "1048576"})
    private int size;

    private final Arena arena = Arena.ofConfined();
    private MemorySegment bytes;
    private FileChannel file;
    private SocketChannel socket;
    private Fd peer;

    /** Writes the file, and connects. */
    @Setup
    public void setUp() throws IOException {
        bytes = arena.allocate(size);
        Path path = Files.createTempFile("arca-benchmark", null);
        file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        Files.delete(path);
        file.write(bytes.asByteBuffer());
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
            peer = Sockets.connect(
                    new SocketAddress.IPv4(LOCALHOST, listener.socket().getLocalPort()));
            socket = listener.accept();
        }
    }

    /** Closes both. */
    @TearDown
    public void tearDown() throws IOException {
        file.close();
        socket.close();
        peer.close();
        arena.close();
    }

    /** One message, and every byte of it counted at the far end. */
    @Benchmark
    public long transferTo() throws IOException {
        long arrived = 0;
        while (arrived < size) {
            long sent = file.transferTo(arrived, Math.min(size - arrived, PART), socket);
            for (long left = sent; left > 0; ) {
                long n = Syscalls.read(peer.value(), bytes, 0, left);
                if (n <= 0) throw new IOException("read answered " + n + " before " + left + " bytes");
                left -= n;
            }
            arrived += sent;
        }
        return arrived;
    }
}
