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
 * Measures the CPU time per operation, {@code cpu.time.norm}, of all Java threads. A monitor and a peer in the same
 * process count; the compiler and the collector do not. On a busy machine this varies less than the elapsed time. If
 * it is less than the elapsed time, a thread has waited. An iteration in which a thread ends has no value, because the
 * thread's time is lost. In benchmarks with several threads, that is the last iteration.
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
