package arca.benchmarks;

import arca.bindings.Fd;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Writes 64 bytes and reads them back, with {@link Syscalls} and with the JDK's channels. The channels block and use a
 * direct buffer, so that they make as few system calls as they can. No call waits, because the same thread has written
 * the bytes just before.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms256m", "-Xmx256m", "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"
        })
@Warmup(iterations = 3, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class ChannelBenchmark {
    private static final int SIZE = 64;

    /** The descriptors, and native memory. */
    @State(Scope.Thread)
    public static class Descriptors {
        private final Arena arena = Arena.ofConfined();
        private final MemorySegment bytes = arena.allocate(SIZE);
        private arca.bindings.Pipe pipe;
        private Loopback tcp;

        /** Opens a pipe and a connection. */
        @Setup
        public void setUp() throws IOException {
            pipe = arca.bindings.Pipe.open(0);
            tcp = Loopback.open(0);
        }

        /** Closes both. */
        @TearDown
        public void tearDown() {
            pipe.close();
            tcp.close();
            arena.close();
        }

        private long across(Fd writer, Fd reader) {
            long written = Syscalls.write(writer.value(), bytes);
            long read = Syscalls.read(reader.value(), bytes);
            if (written != SIZE || read != SIZE)
                throw new IllegalStateException(written + " written, " + read + " read");
            return read;
        }
    }

    /** The same of the JDK. */
    @State(Scope.Thread)
    public static class Channels {
        private final ByteBuffer bytes = ByteBuffer.allocateDirect(SIZE);
        private Pipe pipe;
        private SocketChannel ours;
        private SocketChannel peer;

        /** Opens a pipe and a connection. */
        @Setup
        public void setUp() throws IOException {
            pipe = Pipe.open();
            try (ServerSocketChannel listener = ServerSocketChannel.open()) {
                listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                peer = SocketChannel.open(listener.getLocalAddress());
                ours = listener.accept();
            }
            ours.setOption(StandardSocketOptions.TCP_NODELAY, true);
            peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }

        /** Closes both. */
        @TearDown
        public void tearDown() throws IOException {
            pipe.sink().close();
            pipe.source().close();
            ours.close();
            peer.close();
        }

        private int across(WritableByteChannel writer, ReadableByteChannel reader) throws IOException {
            int written = writer.write(bytes.clear());
            int read = reader.read(bytes.clear());
            if (written != SIZE || read != SIZE)
                throw new IllegalStateException(written + " written, " + read + " read");
            return read;
        }
    }

    @Benchmark
    public long pipeSyscalls(Descriptors descriptors) {
        return descriptors.across(descriptors.pipe.writer(), descriptors.pipe.reader());
    }

    @Benchmark
    public int pipeChannels(Channels channels) throws IOException {
        return channels.across(channels.pipe.sink(), channels.pipe.source());
    }

    @Benchmark
    public long socketSyscalls(Descriptors descriptors) {
        return descriptors.across(descriptors.tcp.ours(), descriptors.tcp.peer());
    }

    @Benchmark
    public int socketChannels(Channels channels) throws IOException {
        return channels.across(channels.ours, channels.peer);
    }
}
