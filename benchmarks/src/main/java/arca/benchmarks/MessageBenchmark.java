package arca.benchmarks;

import static arca.bindings.ErrnoException.check;

import arca.bindings.Syscalls;
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
 * Measures how long a guest waits for a reply of one byte to a message, as a distribution. Many of the sizes are near
 * those at which splice(2) to a socket fills a batch of 16 slots. If TCP held back the last bytes there, the reply
 * would be 40 or 200 ms late.
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
@Warmup(iterations = 1, time = 150, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 1, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class MessageBenchmark {
    @Param({
        "1", "1024", "16384", "57344", "61440", "61441", "65435", "65536", "65537", "126977", "131072", "131073",
        "192513", "196608", "258049", "262144", "524288", "1048576"
    })
    private int size;

    /** Bytes that the guest writes right before the message, so that it begins at that place of its first page. */
    @Param({"0", "100"})
    private int before;

    @Param({"SPLICE", "COPY"})
    private MonitorConfig.RelayMode relay;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment answer = arena.allocate(1);
    private MemorySegment bytes;
    private Scene scene;
    private Scene.Connection connection;

    /** Connects. */
    @Setup
    public void setUp() throws IOException {
        bytes = arena.allocate(before + size);
        scene = new Scene(
                ControlBenchmark.Kind.UNIX,
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

    /** A message to the peer, and one byte back. */
    @Benchmark
    public void answered() throws IOException {
        int writer = connection.writer().value();
        if (before > 0) check("write", Syscalls.write(writer, bytes, 0, before));
        check("write", Syscalls.write(writer, bytes, before, size));
        for (long read = 0; read < before + size; ) {
            read += check("read", Syscalls.read(connection.peer().value(), bytes, read, before + size - read));
        }
        connection.carry(connection.peer(), connection.reader(), answer);
    }
}
