package arca.benchmarks;

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
 * Measures single round trips of a guest on the control socket, as a distribution. The monitor has a thread of its
 * own, as in a real monitor. Two threads wake each other four times, so the result is as much the scheduler's time as
 * the monitor's.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
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
@Measurement(iterations = 6, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public class RoundTripBenchmark {
    @Param({"64", "1024"})
    private int size;

    private final Arena arena = Arena.ofConfined();
    private MemorySegment bytes;
    private Scene scene;
    private Scene.Connection connection;

    /** Connects. */
    @Setup
    public void setUp() throws IOException {
        bytes = arena.allocate(size);
        scene = new Scene(ControlBenchmark.Kind.UNIX, Scene.CONFIG);
        connection = scene.connect();
    }

    /** Closes all. */
    @TearDown
    public void tearDown() throws IOException {
        connection.close();
        scene.close();
        arena.close();
    }

    /** A message to the peer, and one as long back. */
    @Benchmark
    public void pingPong() throws IOException {
        connection.pingPong(bytes);
    }
}
