package arca.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static final int PIPE = 256 * 1024;

    @TempDir
    private Path directory;

    /** The JDK keeps the files of the fonts that it has used. */
    @BeforeAll
    static void openFonts(@TempDir Path scratch) throws IOException {
        if (!hasFonts()) return;
        List<Integer> points = List.of(1, 10);
        new Chart("a", "b", "c").line("d", points, p -> p, p -> p).save(scratch.resolve("chart.svg"));
    }

    private static boolean hasFonts() {
        return Files.exists(Path.of("/usr/share/fonts"));
    }

    private static String relay(int pipe, String way, int size, double nanos) {
        return """
                {"benchmark": "arca.monitor.relay.PathBenchmark.relay", "mode": "avgt",
                 "params": {"direction": "PIPE_TO_SOCKET", "pipeSize": "%d", "size": "%d", "way": "%s"},
                 "primaryMetric": {"score": %s, "scoreError": "NaN", "scorePercentiles": {"50.0": 1}},
                 "secondaryMetrics": {"cpu.time.norm": {"score": %s}, "gc.alloc.rate.norm": {"score": 0.5}}}""".formatted(pipe, size, way, nanos, nanos / 2);
    }

    private static String run() {
        return Stream.of(
                        relay(PIPE, "SPLICE", 64, 1000),
                        relay(PIPE, "SPLICE", 16384, 4000),
                        relay(PIPE / 4, "SPLICE", PIPE, 70000),
                        relay(PIPE, "COPY", 64, 1500),
                        relay(PIPE, "COPY", 16384, 8000))
                .collect(Collectors.joining(",", "[", "]"));
    }

    @Test
    void aRunIsReadAsJmhWroteIt() {
        Results results = Results.of(run());
        Results.Result copied = results.of(
                        "PathBenchmark.relay", r -> r.parameter("way").equals("COPY"))
                .getLast();
        assertEquals(8000, copied.score());
        assertEquals(16384, copied.number("size"));
        assertEquals(4000, copied.cpu());
        assertEquals(0.5, copied.bytes());
        assertTrue(copied.percentiles().isEmpty(), "only what was sampled has percentiles of single operations");
    }

    @Test
    void reportHasTheRunsFiguresMachineAndCharts() throws IOException {
        assumeTrue(hasFonts(), "charts have text, and text needs a font");
        Files.writeString(directory.resolve(Results.FILE), run());
        Files.writeString(
                directory.resolve(Machine.FILE), Machine.here(List.of("Path")).toJson());
        Report.main(new String[] {directory.toString(), directory.toString()});

        String text = Files.readString(directory.resolve("RESULTS.md"));
        assertTrue(text.contains("| PIPE_TO_SOCKET | 262144 | 64 | 500 | 1.50 |  |"), text);
        assertTrue(text.contains("`./build benchmark Path`"), text);
        assertEquals(
                Set.of("throughput-pipe-to-socket.svg", "cpu-pipe-to-socket.svg"), names(directory.resolve("results")));
        String chart = Files.readString(directory.resolve("results/cpu-pipe-to-socket.svg"));
        assertEquals(
                2 + 1, chart.split("<ellipse").length - 1, "splice's points with a default pipe, and the legend's");
    }

    private static String beside(int connections, String readiness, double nanos, double heap) {
        return """
                {"benchmark": "arca.benchmarks.ManyConnectionsBenchmark.pingPong", "mode": "avgt",
                 "params": {"connections": "%d", "readiness": "%s"},
                 "primaryMetric": {"score": %s, "scoreError": "NaN"},
                 "secondaryMetrics": {"memory.heap": {"score": %s}, "memory.resident": {"score": %s}}}""".formatted(connections, readiness, nanos, heap, 10 * heap);
    }

    @Test
    void growthIsToldRowByRowAndForEachMore() throws IOException {
        assumeTrue(hasFonts(), "charts have text, and text needs a font");
        String run = Stream.of(
                        beside(1, "EPOLL", 500, 4000),
                        beside(1, "POLL", 600, 4000),
                        beside(1001, "EPOLL", 510, 5500),
                        beside(1001, "POLL", 9000, 7000))
                .collect(Collectors.joining(",", "[", "]"));
        Files.writeString(directory.resolve(Results.FILE), run);
        Files.writeString(
                directory.resolve(Machine.FILE), Machine.here(List.of()).toJson());
        Report.main(new String[] {directory.toString(), directory.toString()});

        String text = Files.readString(directory.resolve("RESULTS.md"));
        assertTrue(text.contains("| 1 | 500 | 600 | 4,000 |  | 40,000 |  |"), text);
        assertTrue(text.contains("| 1,001 | 510 | 9,000 | 5,500 | 1.5 | 55,000 | 15.0 |"), text);
        assertEquals(Set.of("connections.svg", "memory-connections.svg"), names(directory.resolve("results")));
    }

    private static String message(int size, String relay, double half, double most) {
        return """
                {"benchmark": "arca.benchmarks.MessageBenchmark.answered", "mode": "sample",
                 "params": {"size": "%d", "before": "0", "relay": "%s"},
                 "primaryMetric": {"score": 1, "scoreError": "NaN", "scorePercentiles": {"50.0": %s, "99.0": %s}},
                 "secondaryMetrics": {}}""".formatted(size, relay, half, most);
    }

    @Test
    void messagesAreToldBySizeInPercentiles() throws IOException {
        assumeTrue(hasFonts(), "charts have text, and text needs a font");
        String run = Stream.of(
                        message(61440, "SPLICE", 50_000, 90_000),
                        message(61441, "SPLICE", 51_000, 208_000_000),
                        message(61440, "COPY", 60_000, 95_000))
                .collect(Collectors.joining(",", "[", "]"));
        Files.writeString(directory.resolve(Results.FILE), run);
        Files.writeString(
                directory.resolve(Machine.FILE), Machine.here(List.of()).toJson());
        Report.main(new String[] {directory.toString(), directory.toString()});

        String text = Files.readString(directory.resolve("RESULTS.md"));
        assertTrue(text.contains("| 61,440 | 0 | 50.0 | 90.0 | 60.0 | 95.0 |"), text);
        assertTrue(text.contains("| 61,441 | 0 | 51.0 | 208,000 |  |  |"), text);
        assertEquals(Set.of("messages.svg"), names(directory.resolve("results")));
    }

    private static Set<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
        }
    }
}
