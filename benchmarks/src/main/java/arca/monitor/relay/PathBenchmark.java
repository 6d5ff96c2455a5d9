package arca.monitor.relay;

import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.POLLOUT;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Errno;
import arca.bindings.Fd;
import arca.bindings.Poll;
import arca.bindings.Syscalls;
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
 * Sends a message across a relay: writes it at one end, moves it, and reads it at the other. A message that is larger than
 * the pipe goes in parts. One thread does all three, so the result is the cost of the work, without a scheduler or the cache
 * of a second CPU. All ways write and read alike, which makes their ratios smaller than those of the moving alone.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgs = {"-Xms256m", "-Xmx256m", "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"
        })
@Warmup(iterations = 2, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 200, timeUnit = TimeUnit.MILLISECONDS)
public class PathBenchmark {
    /** The direction in which bytes are moved. */
    public enum Direction {
        /** What a guest sends. */
        PIPE_TO_SOCKET,
        /** What a guest receives. */
        SOCKET_TO_PIPE
    }

    /** How bytes are moved. */
    public enum Way {
        /** splice(2), as the monitor does by default. */
        SPLICE,
        /** read(2) and write(2), as the monitor does with {@code --relay copy}. */
        COPY,
        /** Reads and writes of the JDK's channels. */
        CHANNELS
    }

    @Param({"PIPE_TO_SOCKET", "SOCKET_TO_PIPE"})
    private Direction direction;

    @Param({"SPLICE", "COPY", "CHANNELS"})
    private Way way;

    @Param({"64", "1024", "16384", "262144", "1048576"})
    private int size;

    @Param({"65536", "262144", "1048576"})
    private int pipeSize;

    private final Arena arena = Arena.ofConfined();
    private final Poll ready = new Poll(arena, 1);
    private MemorySegment bytes;
    private Path path;

    /** Opens the pipe and the connection. */
    @Setup
    public void setUp() throws IOException {
        bytes = arena.allocate(size);
        path = switch (way) {
            case SPLICE -> new MoverPath(direction, Mover::splicing, pipeSize);
            case COPY -> new MoverPath(direction, Mover::copying, pipeSize);
            case CHANNELS -> new ChannelPath(direction, pipeSize);
        };
    }

    /** Closes the pipe and the connection. */
    @TearDown
    public void tearDown() throws IOException {
        path.close();
        arena.close();
    }

    /** Sends one message and counts its bytes at the far end. */
    @Benchmark
    public long relay() throws IOException {
        long arrived = 0;
        while (arrived < size) {
            long fed = feed(Math.min(size - arrived, pipeSize));
            for (long moved = 0; moved < fed; ) {
                long n = path.move(fed - moved);
                if (n == -Errno.EAGAIN) {
                    path.awaitSocket();
                    continue;
                }
                moved += check("move", n);
                arrived += drain(n);
            }
        }
        return arrived;
    }

    /** Writes as much as there is room for, at most what the pipe holds. The pipe is empty at the call. */
    private long feed(long count) throws IOException {
        Fd to = path.feed();
        long n;
        while ((n = Syscalls.write(to.value(), bytes, 0, count)) == -Errno.EAGAIN) await(to, POLLOUT);
        return check("write", n);
    }

    private long drain(long count) throws IOException {
        Fd from = path.drain();
        for (long left = count; left > 0; ) {
            long n = Syscalls.read(from.value(), bytes, 0, left);
            if (n == -Errno.EAGAIN) await(from, POLLIN);
            else if (n == 0) throw new IOException("the end came " + left + " bytes early");
            else left -= check("read", n);
        }
        return count;
    }

    private void await(Fd fd, int events) throws IOException {
        ready.set(0, fd.value(), events);
        ready.poll(-1);
    }
}
