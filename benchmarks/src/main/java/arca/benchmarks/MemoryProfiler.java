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
 * Measures the memory of the process after an iteration. {@code memory.heap} is the size of the objects that a
 * collection leaves. {@code memory.resident} is the memory in use, including unused pages of the heap that were used
 * before. The kernel's memory for pipes and sockets is in neither. The result is the largest value of all iterations,
 * because the benchmark has cleaned up before the last one is measured.
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
