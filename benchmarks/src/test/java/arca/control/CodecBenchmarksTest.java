package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs every benchmark of the codec for a moment. Its times say nothing; what it allocates for each operation does. */
class CodecBenchmarksTest {
    private static final Set<String> DECODING = Set.of("RequestBenchmark.decode", "ReplyBenchmark.decode");

    @Test
    void benchmarksRunAndOnlyDecodingAllocates() throws Exception {
        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .include("arca\\.control\\..*Benchmark\\..*")
                        .forks(1)
                        .warmupIterations(2)
                        .warmupTime(TimeValue.milliseconds(100))
                        .measurementIterations(1)
                        .measurementTime(TimeValue.milliseconds(100))
                        .param("memory", "NATIVE")
                        .addProfiler(GCProfiler.class)
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run();
        assertEquals(
                Set.of(
                        "RequestBenchmark.encode",
                        "RequestBenchmark.decode",
                        "ReplyBenchmark.encode",
                        "ReplyBenchmark.decode",
                        "FramingBenchmark.inspectHeader",
                        "FramingBenchmark.assembleWhole",
                        "FramingBenchmark.assembleSplit"),
                results.stream().map(CodecBenchmarksTest::name).collect(Collectors.toSet()));
        for (RunResult result : results) {
            double bytes =
                    result.getSecondaryResults().get("gc.alloc.rate.norm").getScore();
            String told = name(result) + ": " + bytes + " B/op";
            // The harness allocates too, a little each time it looks at the clock; an object has 8 bytes at least.
            if (DECODING.contains(name(result))) assertTrue(bytes > 8 && bytes < 100, told);
            else assertTrue(bytes < 1, told);
        }
    }

    private static String name(RunResult result) {
        return result.getParams().getBenchmark().substring("arca.control.".length());
    }
}
