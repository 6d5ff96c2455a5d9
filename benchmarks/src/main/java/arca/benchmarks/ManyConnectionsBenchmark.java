package arca.benchmarks;

import arca.monitor.MonitorConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
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
 * A round trip of 64 bytes on one connection beside others that are idle: how its cost, and the monitor's memory, grow with
 * them. One thread, as in {@link RelayBenchmark}. Six descriptors a connection, for guest and peer are here too.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgs = {
            "-Xms16m",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
        })
@Warmup(iterations = 3, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class ManyConnectionsBenchmark {
    @Param({"1", "10", "100", "1000", "3000"})
    private int connections;

    @Param({"EPOLL", "POLL"})
    private MonitorConfig.Readiness readiness;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bytes = arena.allocate(64);
    private final List<Scene.Connection> all = new ArrayList<>();
    private Scene scene;

    /** Connects all. */
    @Setup
    public void setUp() throws IOException {
        scene = new Scene(ControlBenchmark.Kind.EMBEDDED, Scene.CONFIG.withReadiness(readiness));
        for (int i = 0; i < connections; i++) all.add(scene.connect());
    }

    /** Closes all. */
    @TearDown
    public void tearDown() throws IOException {
        for (Scene.Connection connection : all) connection.close();
        scene.close();
        arena.close();
    }

    /** The others are idle meanwhile. */
    @Benchmark
    public void pingPong() throws IOException {
        all.getLast().pingPong(bytes);
    }
}
