package arca.benchmarks;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Collection;
import java.util.List;
import java.util.stream.LongStream;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.ScalarResult;

/**
 * CPU time for each operation, {@code cpu.time.norm}: of all Java threads, so those of a monitor and a peer in the same
 * process too, but neither of the compiler nor of the collector. On a busy machine it varies less than the time does; and
 * where it is less than the time, somebody has waited. An iteration during which a thread ended, whose time is then lost, has
 * none: with threads beside the measured one that is the last, which takes them down.
 */
public final class CpuProfiler implements InternalProfiler {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private long[] threads = {};
    private long before;

    @Override
    public String getDescription() {
        return "CPU time of all Java threads, for each operation";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        threads = THREADS.getAllThreadIds();
        before = nanos(threads).sum();
    }

    @Override
    public Collection<ScalarResult> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        if (nanos(threads).anyMatch(nanos -> nanos < 0)) return List.of();
        double spent = nanos(THREADS.getAllThreadIds()).sum() - before;
        double each = spent / result.getMetadata().getAllOps();
        return List.of(new ScalarResult("cpu.time.norm", each, "ns/op", AggregationPolicy.AVG));
    }

    /** Of each thread, or -1 if it has ended. */
    private static LongStream nanos(long[] threads) {
        return LongStream.of(THREADS.getThreadCpuTime(threads));
    }
}
