package arca.bindings;

import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.O_WRONLY;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SPLICE_F_NONBLOCK;
import static java.lang.foreign.MemorySegment.NULL;

import arca.bindings.generated.Linux;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures what a system call costs: with a plain downcall, which loses errno; with one that captures errno; and with
 * {@link Syscalls}, which returns it. {@code abs} does not enter the kernel, so it shows the cost of the downcall
 * alone.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms256m", "-Xmx256m", "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"
        })
@Warmup(iterations = 3, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class SyscallBenchmark {
    private static final long SIZE = 64;
    private static final long MOST = 1 << 20;

    private static final FunctionDescriptor ABS = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    private static final MethodHandle ABS_PLAIN = Linkage.plain("abs", ABS);
    private static final MethodHandle ABS_ERRNO = Linkage.capturingErrno("abs", ABS);
    private static final MethodHandle GETPID_PLAIN = Linkage.plain("getpid", Linux.getpid$descriptor());
    private static final MethodHandle GETPID_ERRNO = Linkage.capturingErrno("getpid", Linux.getpid$descriptor());
    private static final MethodHandle WRITE_PLAIN = Linkage.plain("write", Linux.write$descriptor());
    private static final MethodHandle WRITE_ERRNO = Linkage.capturingErrno("write", Linux.write$descriptor());
    private static final MethodHandle SPLICE_PLAIN = Linkage.plain("splice", Linux.splice$descriptor());
    private static final MethodHandle SPLICE_ERRNO = Linkage.capturingErrno("splice", Linux.splice$descriptor());
    private static final MethodHandle POLL_PLAIN = Linkage.plain("poll", Linux.poll$descriptor());
    private static final MethodHandle POLL_ERRNO = Linkage.capturingErrno("poll", Linux.poll$descriptor());

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bytes = arena.allocate(SIZE);
    private final MemorySegment errno = Linkage.callState().errno;
    private int number = -1;
    private Fd devNull;
    private Sockets.Pair sockets;
    private Pipe pipe;
    private MemorySegment pollfd;

    /** Opens what the calls need: /dev/null, a socket in which nothing waits, and a pipe that nobody fills. */
    @Setup
    public void setUp() throws IOException {
        devNull = Fd.open("/dev/null", O_WRONLY, 0);
        sockets = Sockets.pair(SOCK_STREAM | SOCK_NONBLOCK);
        pipe = Pipe.open(O_NONBLOCK);
        Poll poll = new Poll(arena, 1);
        poll.set(0, sockets.first().value(), POLLIN);
        pollfd = poll.memory();
    }

    /** Closes everything, and checks that the calls have returned what they should. */
    @TearDown
    public void tearDown() {
        expect(SIZE, writeSyscalls());
        expect(-Errno.EAGAIN, spliceEagainSyscalls());
        expect(0, pollNothingSyscalls());
        devNull.close();
        sockets.close();
        pipe.close();
        arena.close();
    }

    private static void expect(long answer, long given) {
        if (given != answer) throw new IllegalStateException("a call answered " + given + ", not " + answer);
    }

    @Benchmark
    public int absPlain() throws Throwable {
        return (int) ABS_PLAIN.invokeExact(number);
    }

    @Benchmark
    public int absErrno() throws Throwable {
        return (int) ABS_ERRNO.invokeExact(errno, number);
    }

    @Benchmark
    public int getpidPlain() throws Throwable {
        return (int) GETPID_PLAIN.invokeExact();
    }

    @Benchmark
    public int getpidErrno() throws Throwable {
        return (int) GETPID_ERRNO.invokeExact(errno);
    }

    @Benchmark
    public int getpidSyscalls() {
        return Syscalls.getpid();
    }

    @Benchmark
    public long writePlain() throws Throwable {
        return (long) WRITE_PLAIN.invokeExact(devNull.value(), bytes, SIZE);
    }

    @Benchmark
    public long writeErrno() throws Throwable {
        return (long) WRITE_ERRNO.invokeExact(errno, devNull.value(), bytes, SIZE);
    }

    @Benchmark
    public long writeSyscalls() {
        return Syscalls.write(devNull.value(), bytes);
    }

    /** Reads a socket that is empty, as a loop does after it has moved everything. */
    @Benchmark
    public long spliceEagainPlain() throws Throwable {
        int in = sockets.first().value();
        return (long) SPLICE_PLAIN.invokeExact(in, NULL, pipe.writer().value(), NULL, MOST, SPLICE_F_NONBLOCK);
    }

    @Benchmark
    public long spliceEagainErrno() throws Throwable {
        int in = sockets.first().value();
        return (long) SPLICE_ERRNO.invokeExact(errno, in, NULL, pipe.writer().value(), NULL, MOST, SPLICE_F_NONBLOCK);
    }

    @Benchmark
    public long spliceEagainSyscalls() {
        return Syscalls.splice(sockets.first().value(), pipe.writer().value(), MOST, SPLICE_F_NONBLOCK);
    }

    @Benchmark
    public int pollNothingPlain() throws Throwable {
        return (int) POLL_PLAIN.invokeExact(pollfd, 1L, 0);
    }

    @Benchmark
    public int pollNothingErrno() throws Throwable {
        return (int) POLL_ERRNO.invokeExact(errno, pollfd, 1L, 0);
    }

    @Benchmark
    public int pollNothingSyscalls() {
        return Syscalls.poll(pollfd, 0);
    }
}
