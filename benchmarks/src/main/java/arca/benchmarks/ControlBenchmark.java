package arca.benchmarks;

import arca.bindings.Errno;
import arca.control.Endpoint;
import arca.control.Reply;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ListenErr;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ListenRequest;
import java.io.IOException;
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
 * Measures requests of a guest that waits for each reply: refusals, which are a round trip and nothing else, and
 * connections.
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
public class ControlBenchmark {
    /** How the guest and the monitor talk. */
    public enum Kind {
        /** By pipes, in one thread: no scheduler is measured. */
        EMBEDDED,
        /** By the control socket, and the monitor has a thread of its own. */
        UNIX
    }

    @Param({"EMBEDDED", "UNIX"})
    private Kind guest;

    private final AcceptRequest unknown = new AcceptRequest(77);
    private final ListenRequest denied = new ListenRequest(new Endpoint(0x7f000001, 8080));
    private final Reply badDescriptor = new AcceptErr(Errno.EBADF);
    private final Reply forbidden = new ListenErr(Errno.EACCES);
    private Scene scene;

    /** Starts a monitor that lets its guests listen nowhere. */
    @Setup
    public void setUp() throws IOException {
        scene = new Scene(guest, Scene.CONFIG);
    }

    /** Stops it. */
    @TearDown
    public void tearDown() throws IOException {
        scene.close();
    }

    /** AcceptRequest of a listener that does not exist: the monitor looks into a table. */
    @Benchmark
    public Reply acceptUnknown() throws IOException {
        return expect(badDescriptor, scene.guest().ask(unknown));
    }

    /** ListenRequest that the policy denies. */
    @Benchmark
    public Reply listenDenied() throws IOException {
        return expect(forbidden, scene.guest().ask(denied));
    }

    private static Reply expect(Reply expected, Reply reply) throws IOException {
        if (!reply.equals(expected)) throw new IOException("the monitor replied " + reply + ", not " + expected);
        return reply;
    }

    /** A connection from ConnectRequest to the peer's end: two pipes, a socket, the handoff, and all closed again. */
    @Benchmark
    public void connect() throws IOException {
        scene.connect().close();
    }
}
