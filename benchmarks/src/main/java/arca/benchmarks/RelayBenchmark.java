package arca.benchmarks;

import arca.monitor.config.MonitorConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
 * Measures the monitor's loop and relay in one thread with the guest and the peer: what a connection costs the
 * monitor, without a scheduler.
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
@Warmup(iterations = 3, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class RelayBenchmark {
    private static final long SMALL = 64;
    private static final long BULK = 1 << 20;

    @Param({"SPLICE", "COPY"})
    private MonitorConfig.RelayMode relay;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment small = arena.allocate(SMALL);
    private final MemorySegment bulk = arena.allocate(BULK);
    private Scene scene;
    private Scene.Connection connection;

    /** Connects. */
    @Setup
    public void setUp() throws IOException {
        scene = new Scene(
                ControlBenchmark.Kind.EMBEDDED,
                Scene.CONFIG.toBuilder().relay(relay).build());
        connection = scene.connect();
    }

    /** Closes all. */
    @TearDown
    public void tearDown() throws IOException {
        connection.close();
        scene.close();
        arena.close();
    }

    /** 64 bytes to the peer and 64 back. */
    @Benchmark
    public void pingPong() throws IOException {
        connection.pingPong(small);
    }

    /** 1 MiB from the guest. */
    @Benchmark
    public long toPeer() throws IOException {
        return connection.carry(connection.writer(), connection.peer(), bulk);
    }

    /** 1 MiB to the guest. */
    @Benchmark
    public long fromPeer() throws IOException {
        return connection.carry(connection.peer(), connection.reader(), bulk);
    }
}
