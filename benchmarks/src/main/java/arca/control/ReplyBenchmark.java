package arca.control;

import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
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

/** Measures what it costs to encode and decode a monitor's replies, of 27 and 11 bytes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms256m", "-Xmx256m", "--sun-misc-unsafe-memory-access=allow"})
@Warmup(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class ReplyBenchmark {
    @Param({"NATIVE", "HEAP"})
    private Memory memory;

    @Param({"ConnectOk", "ConnectErr"})
    private String message;

    private MemorySegment frame;
    private Reply reply;
    private int requestId;

    /** Chooses the message, and writes its frame once. */
    @Setup
    public void setUp() {
        frame = memory.allocate(64);
        reply = switch (message) {
            case "ConnectOk" -> new ConnectOk(new ConnectionReady(0, 1, new DataPipeInfo(1, 262144)));
            case "ConnectErr" -> new ConnectErr(111);
            default -> throw new IllegalArgumentException(message);
        };
        encode();
    }

    @Benchmark
    public int encode() {
        return reply.encode(requestId++, frame, Memory.OFFSET);
    }

    @Benchmark
    public Reply decode() throws ProtocolException {
        return Reply.decode(frame, Memory.OFFSET);
    }
}
