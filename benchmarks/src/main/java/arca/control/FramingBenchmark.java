package arca.control;

import arca.control.MessageType.Sender;
import arca.control.Request.ConnectRequest;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Measures what it costs to find the frames of a stream, without decoding them. One read brings 64 ConnectRequests. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms256m", "-Xmx256m", "--sun-misc-unsafe-memory-access=allow"})
@Warmup(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 6, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class FramingBenchmark {
    private static final int FRAMES = 64;

    @Param({"NATIVE", "HEAP"})
    private Memory memory;

    private final FrameAssembler assembler = new FrameAssembler(Sender.GUEST);
    private MemorySegment bytes;
    private int frameSize;

    /** Writes the frames, one behind the other. */
    @Setup
    public void setUp() {
        Request request = new ConnectRequest(new Endpoint(0xc0000207, 443));
        frameSize = MessageType.CONNECT_REQUEST.frameSize();
        bytes = memory.allocate(Memory.OFFSET + FRAMES * frameSize);
        for (int i = 0; i < FRAMES; i++) request.encode(i, bytes, Memory.OFFSET + i * frameSize);
    }

    /** All that is asked of a header: type, sender, length, number. */
    @Benchmark
    public int inspectHeader() throws ProtocolException {
        return Wire.type(bytes, Memory.OFFSET, Sender.GUEST).frameSize() + Wire.requestId(bytes, Memory.OFFSET);
    }

    /** Finds frames that are whole in one read, so none is copied. */
    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public long assembleWhole() throws ProtocolException {
        return assembled(Memory.OFFSET, FRAMES * frameSize);
    }

    /** Finds frames when each read ends inside a header, so every frame comes in two parts and is copied. */
    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public long assembleSplit() throws ProtocolException {
        int part = 5;
        long sum = assembled(Memory.OFFSET, part);
        int at = Memory.OFFSET + part;
        for (int i = 1; i < FRAMES; i++, at += frameSize) sum += assembled(at, frameSize);
        return sum + assembled(at, frameSize - part);
    }

    private long assembled(long offset, long length) throws ProtocolException {
        long sum = 0;
        assembler.received(bytes, offset, length);
        while (assembler.next()) sum += assembler.offset() + 1;
        return sum;
    }
}
