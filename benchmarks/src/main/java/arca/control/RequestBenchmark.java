package arca.control;

import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
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
import org.openjdk.jmh.annotations.Warmup;

/** Measures what it costs to encode and decode a guest's requests, of 13 and 11 bytes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms256m", "-Xmx256m", "--sun-misc-unsafe-memory-access=allow"})
@Warmup(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class RequestBenchmark {
    @Param({"NATIVE", "HEAP"})
    private Memory memory;

    @Param({"ConnectRequest", "AcceptRequest"})
    private String message;

    private MemorySegment frame;
    private Request request;
    private int requestId;

    /** Chooses the message, and writes its frame once. */
    @Setup
    public void setUp() {
        frame = memory.allocate(64);
        request = switch (message) {
            case "ConnectRequest" -> new ConnectRequest(new Endpoint(0xc0000207, 443));
            case "AcceptRequest" -> new AcceptRequest(1);
            default -> throw new IllegalArgumentException(message);
        };
        encode();
    }

    @Benchmark
    public int encode() {
        return request.encode(requestId++, frame, Memory.OFFSET);
    }

    @Benchmark
    public Request decode() throws ProtocolException {
        return Request.decode(frame, Memory.OFFSET);
    }
}
