package arca.benchmarks;

import static arca.bindings.Constants.EPOLLET;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.POLLIN;

import arca.bindings.Epoll;
import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import arca.bindings.Poll;
import java.lang.foreign.Arena;
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
 * Measures one round of a loop that watches many descriptors. Some become ready, a wait reports which, and each is
 * read. The writes and reads are the same for both interfaces. So the point at which one becomes faster than the other
 * is right, but the real ratio is greater than the measured one.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgs = {"-Xms256m", "-Xmx256m", "--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"
        })
@Warmup(iterations = 2, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 200, timeUnit = TimeUnit.MILLISECONDS)
public class ReadinessBenchmark {
    private static final int BATCH = 256; // events of one epoll_wait, as the monitor has it
    private static final int STRIDE = 1021; // a prime, so all have their turn, and far from the last

    /** How many of those watched become ready. */
    public enum Ready {
        /** One, each time another. */
        ONE,
        /** All. */
        ALL
    }

    /** What is watched, by one of the two: a descriptor that epoll knows would tell it at every write. */
    @State(Scope.Thread)
    public abstract static class Watched {
        @Param({"1", "2", "4", "8", "16", "64", "256", "1024", "4096"})
        int watched;

        @Param({"ONE", "ALL"})
        Ready ready;

        final Arena arena = Arena.ofConfined();
        EventFd[] descriptors;
        private int count;
        private int next;

        /** Opens them, and has them watched. */
        @Setup
        public void setUp() throws ErrnoException {
            descriptors = new EventFd[watched];
            for (int i = 0; i < watched; i++) descriptors[i] = EventFd.open();
            count = ready == Ready.ONE ? 1 : watched;
            watch();
        }

        /** Closes all. */
        @TearDown
        public void tearDown() {
            stopWatching();
            for (EventFd descriptor : descriptors) descriptor.close();
            arena.close();
        }

        abstract void watch() throws ErrnoException;

        abstract void stopWatching();

        int makeReady() {
            for (int i = 0; i < count; i++) {
                descriptors[next].signal();
                next = (next + STRIDE) % watched;
            }
            return count;
        }

        long check(long signals) {
            if (signals != count) throw new IllegalStateException(signals + " signals came, not " + count);
            return signals;
        }
    }

    /** By an array of struct pollfd. */
    public static class Polled extends Watched {
        private Poll poll;

        @Override
        void watch() {
            poll = new Poll(arena, watched);
            for (int i = 0; i < watched; i++) poll.set(i, descriptors[i].fd().value(), POLLIN);
        }

        @Override
        void stopWatching() {}
    }

    /** By an epoll instance. */
    public static class Epolled extends Watched {
        private Epoll epoll;

        @Override
        void watch() throws ErrnoException {
            epoll = new Epoll(arena, BATCH);
            for (int i = 0; i < watched; i++) epoll.add(descriptors[i].fd(), EPOLLIN | EPOLLET, i);
        }

        @Override
        void stopWatching() {
            epoll.close();
        }
    }

    /** By poll(2), and a search for those that are ready. */
    @Benchmark
    public long poll(Polled watched) throws ErrnoException {
        watched.makeReady();
        int left = watched.poll.poll(-1);
        long signals = 0;
        for (int i = 0; left > 0; i++) {
            if (watched.poll.revents(i) == 0) continue;
            signals += watched.descriptors[i].drain();
            left--;
        }
        return watched.check(signals);
    }

    /** By epoll(7), edge-triggered, at most 256 at a time. */
    @Benchmark
    public long epoll(Epolled watched) throws ErrnoException {
        long signals = 0;
        for (int left = watched.makeReady(); left > 0; ) {
            int n = watched.epoll.await(-1);
            for (int i = 0; i < n; i++) signals += watched.descriptors[(int) watched.epoll.token(i)].drain();
            left -= n;
        }
        return watched.check(signals);
    }
}
