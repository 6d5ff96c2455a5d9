package arca.benchmarks;

import static arca.bindings.Constants.SHUT_WR;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Fd;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.monitor.config.MonitorConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
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
 * Measures a stream through the monitor, in parts of 64 KiB. One thread writes, the monitor's thread moves the bytes,
 * and a third thread reads. On two CPUs, three threads compete, so compare the CPU time, too.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgs = {
            "-Xms256m",
            "-Xmx256m",
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
        })
@Warmup(iterations = 3, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public class StreamBenchmark {
    private static final long PART = 64 * 1024;

    /** Whose bytes they are. */
    public enum Direction {
        /** The guest's. */
        TO_PEER,
        /** The peer's. */
        FROM_PEER
    }

    @Param({"TO_PEER", "FROM_PEER"})
    private Direction direction;

    @Param({"SPLICE", "COPY"})
    private MonitorConfig.RelayMode relay;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment part = arena.allocate(PART);
    private final CompletableFuture<Long> read = new CompletableFuture<>();
    private long written;
    private Scene scene;
    private Scene.Connection connection;
    private Fd from;

    /** Connects, and begins to read at the far end. */
    @Setup
    public void setUp() throws IOException {
        scene = new Scene(
                ControlBenchmark.Kind.UNIX,
                Scene.CONFIG.toBuilder().relay(relay).build());
        connection = scene.connect();
        boolean toPeer = direction == Direction.TO_PEER;
        from = toPeer ? connection.writer() : connection.peer();
        int to = (toPeer ? connection.peer() : connection.reader()).value();
        Thread.ofPlatform().daemon().name("reader").start(() -> readAll(to));
    }

    private void readAll(int fd) {
        try (Arena ofReader = Arena.ofConfined()) {
            MemorySegment bytes = ofReader.allocate(PART);
            long all = 0;
            for (long n; (n = Syscalls.read(fd, bytes)) != 0; ) all += check("read", n);
            read.complete(all);
        } catch (IOException e) {
            read.completeExceptionally(e);
        }
    }

    /** Ends the stream, compares what was written with what came, and closes all. */
    @TearDown
    public void tearDown() throws IOException {
        if (direction == Direction.TO_PEER) connection.writer().close();
        else Sockets.shutdown(connection.peer(), SHUT_WR);
        long came = read.join();
        if (came != written) throw new IllegalStateException(written + " bytes were written, " + came + " came");
        connection.close();
        scene.close();
        arena.close();
    }

    /** Writes 64 KiB, and waits where there is no room. */
    @Benchmark
    public long part() throws IOException {
        long n = check("write", Syscalls.write(from.value(), part));
        written += n;
        return n;
    }
}
