package arca.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.ScalarResult;

/**
 * What the process holds after an iteration: {@code memory.heap}, objects alive after a collection, and
 * {@code memory.resident}, pages in memory, the heap's unused ones too once they were touched. The kernel's own memory, for
 * pipes and sockets, is in neither. Of the iterations the most is told: the last is looked at when the benchmark has cleared
 * away already.
 */
public final class MemoryProfiler implements InternalProfiler {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final double KIB = 1024;

    @Override
    public String getDescription() {
        return "live heap and resident memory after an iteration, the most";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {}

    @Override
    public Collection<ScalarResult> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        System.gc();
        double heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / KIB;
        return List.of(
                new ScalarResult("memory.heap", heap, "KiB", AggregationPolicy.MAX),
                new ScalarResult("memory.resident", resident(), "KiB", AggregationPolicy.MAX));
    }

    private static double resident() {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmRSS:")) return Double.parseDouble(line.replaceAll("\\D", ""));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException(STATUS + " has no VmRSS");
    }
}
