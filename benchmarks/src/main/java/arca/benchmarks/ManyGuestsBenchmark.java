package arca.benchmarks;

import arca.control.Request.AcceptRequest;
import arca.monitor.config.Limits;
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
 * Measures a round trip of 64 bytes of one guest beside idle guests, each of which has a thread in the monitor: how
 * its cost, and the memory of the monitor, grow with their number. The guest has a thread of its own, as in {@link
 * RoundTripBenchmark}.
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
public class ManyGuestsBenchmark {
    private static final Limits LIMITS =
            Scene.CONFIG.limits().toBuilder().guestsPerUid(512).build();

    @Param({"1", "10", "100", "500"})
    private int guests;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bytes = arena.allocate(64);
    private final List<BareGuest> idle = new ArrayList<>();
    private Scene scene;
    private Scene.Connection connection;

    /** Has all come, and answered once, so that each has its thread. */
    @Setup
    public void setUp() throws IOException {
        scene = new Scene(
                ControlBenchmark.Kind.UNIX,
                Scene.CONFIG.toBuilder().limits(LIMITS).build());
        connection = scene.connect();
        while (idle.size() < guests - 1) {
            idle.add(scene.another());
            idle.getLast().ask(new AcceptRequest(1));
        }
    }

    /** Closes all. */
    @TearDown
    public void tearDown() throws IOException {
        idle.forEach(BareGuest::close);
        connection.close();
        scene.close();
        arena.close();
    }

    /** The others are idle meanwhile. */
    @Benchmark
    public void pingPong() throws IOException {
        connection.pingPong(bytes);
    }
}
