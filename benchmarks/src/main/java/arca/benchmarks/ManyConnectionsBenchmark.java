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
 * Measures a round trip of 64 bytes on one connection beside idle ones: how its cost, and the memory of the monitor,
 * grow with their number. One thread does everything, as in {@link RelayBenchmark}. Each connection takes three
 * descriptors. A limit of 20,000 descriptors is enough for the parameters here; with more, {@code -p
 * connections=10000} works.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgs = {
            "-Xms16m",
            "-Xmx256m",
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
        })
@Warmup(iterations = 3, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class ManyConnectionsBenchmark {
    @Param({"1", "10", "100", "1000", "3000", "6000"})
    private int connections;

    @Param({"EPOLL", "POLL"})
    private MonitorConfig.Readiness readiness;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bytes = arena.allocate(64);
    private IdlePeers idle;
    private Scene scene;
    private Scene.Connection connection;

    /** Connects all. */
    @Setup
    public void setUp() throws IOException {
        scene = new Scene(
                ControlBenchmark.Kind.EMBEDDED,
                Scene.CONFIG.toBuilder().readiness(readiness).build());
        idle = new IdlePeers();
        for (int i = 1; i < connections; i++) scene.connectIdle(idle);
        idle.post();
        connection = scene.connect();
    }

    /** Closes all. */
    @TearDown
    public void tearDown() throws IOException {
        connection.close();
        idle.close();
        scene.close();
        arena.close();
    }

    /** The others are idle meanwhile. */
    @Benchmark
    public void pingPong() throws IOException {
        connection.pingPong(bytes);
    }
}
