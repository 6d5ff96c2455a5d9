package arca.benchmarks;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Collection;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs every benchmark for a moment, in this JVM, so that what one leaves open fails the test. A number of calls is run, not a
 * time: times say nothing here, and what a call allocates does so on a busy machine too.
 */
class BenchmarksTest {
    /** A MiB, or a TCP handshake, for each call. */
    private static final String SLOW = ".*\\.(toPeer|fromPeer|connect)";

    /** What makes an object of each message, or an exception of each refusal. */
    private static final Set<String> ALLOCATING = Set.of(
            "arca.control.RequestBenchmark.decode",
            "arca.control.ReplyBenchmark.decode",
            "arca.benchmarks.ControlBenchmark.acceptUnknown",
            "arca.benchmarks.ControlBenchmark.listenDenied");

    /** What promises nothing: the JDK's, and the monitor on poll(2), which leaves it to escape analysis. */
    private static final Pattern UNPROMISED = Pattern.compile("Channels|CHANNELS|transferTo|Plain|Errno|POLL");

    private static final int CALLS = 3_000;

    /** Bytes for all calls. An object each would take more; the harness itself takes 7 KiB for each run of them. */
    private static final double NEXT_TO_NOTHING = 8 * CALLS;

    private static ChainedOptionsBuilder few(int runs, int calls) {
        return new OptionsBuilder()
                .forks(0)
                .mode(Mode.SingleShotTime)
                .warmupIterations(0)
                .measurementIterations(runs)
                .measurementBatchSize(calls)
                .timeout(TimeValue.minutes(10))
                .param("memory", "NATIVE")
                .param("size", "64")
                .param("pipeSize", "65536")
                .param("watched", "4")
                .param("connections", "10")
                .param("guests", "3")
                .param("relay", "SPLICE")
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT);
    }

    private static String name(RunResult result) {
        return result.getParams().getBenchmark();
    }

    /** The JDK keeps a socket from the first channel on. */
    @BeforeAll
    static void openChannel() throws IOException {
        SocketChannel.open().close();
    }

    @Test
    void fastOnesRunAndAllocateNothing() throws RunnerException {
        Collection<RunResult> results = new Runner(few(6, CALLS).exclude(SLOW).build()).run();
        assertFalse(results.isEmpty());
        assertAll(results.stream().map(result -> () -> allocatesAsItShould(result)));
    }

    private static void allocatesAsItShould(RunResult result) {
        String told = name(result);
        for (String parameter : result.getParams().getParamsKeys())
            told += " " + result.getParams().getParam(parameter);
        // The least of all runs: the compiler needs the first ones, and what each call allocates is in every one.
        double bytes = result.getSecondaryResults()
                .get("gc.alloc.rate.norm")
                .getStatistics()
                .getMin();
        told += ": " + bytes + " bytes in " + CALLS + " calls";
        if (ALLOCATING.contains(name(result))) assertTrue(bytes > NEXT_TO_NOTHING, told);
        else if (!UNPROMISED.matcher(told).find()) assertTrue(bytes < NEXT_TO_NOTHING, told);
    }

    @Test
    void slowOnesRun() throws RunnerException {
        Set<String> ran = new Runner(few(1, 20)
                        .include(SLOW)
                        .addProfiler(CpuProfiler.class) // not above: they allocate
                        .addProfiler(MemoryProfiler.class)
                        .build())
                .run().stream().map(BenchmarksTest::name).collect(Collectors.toSet());
        assertEquals(
                Set.of(
                        "arca.benchmarks.RelayBenchmark.toPeer",
                        "arca.benchmarks.RelayBenchmark.fromPeer",
                        "arca.benchmarks.ControlBenchmark.connect"),
                ran);
    }
}
