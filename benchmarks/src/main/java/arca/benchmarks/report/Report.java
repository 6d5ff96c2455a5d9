package arca.benchmarks.report;

import arca.benchmarks.report.Results.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Renders a run's results: RESULTS.md, and its charts in results/. Every figure comes from the run. */
public final class Report {
    private static final double GIB = 1 << 30;
    private static final List<String> WAYS = List.of("SPLICE", "COPY", "CHANNELS");
    private static final String PIPE = "262144"; // the monitor's default

    private static final String CONNECTIONS_GROW = """
            Why it bends. epoll stays flat, for the kernel hands over what is ready and looks at nothing else. With poll the
            kernel asks every descriptor at every wait, three for each connection: at one connection that costs what epoll
            does, and from some ten on it is most of a round trip and grows with their number. The live heap of few
            connections vanishes beside the JVM's own; each one more takes what its objects take. Resident memory moves in
            steps, when a part of the heap is used for the first time and when tables double. There is no row for 10,000
            where a process may not have the 30,000 descriptors that they need.""";

    private static final String GUESTS_GROW = """
            Why it bends. A guest that is idle is a thread that sleeps, in an epoll set of its own, so a round trip of another
            meets none of them; what its time varies by is the scheduler's doing. Memory is a thread's stack as far as it was
            touched, the memory for its system calls, and the tables of its loop: with few guests the pages that all share
            are most of it, with many what each has touched.""";

    private final Results results;
    private final Machine machine;
    private final Path charts;
    private final StringBuilder text = new StringBuilder();

    private Report(Results results, Machine machine, Path charts) {
        this.results = results;
        this.machine = machine;
        this.charts = charts;
    }

    /**
     * Renders.
     *
     * @param arguments the directory of the run's results, and that of the report
     */
    public static void main(String[] arguments) throws IOException {
        Path run = Path.of(arguments[0]);
        Path to = Path.of(arguments[1]);
        Path json = run.resolve(Results.FILE);
        if (Files.notExists(json)) throw new IOException(json + " does not exist: run ./build benchmark first");
        Report report = new Report(
                Results.of(Files.readString(json)),
                Machine.of(Files.readString(run.resolve(Machine.FILE))),
                Files.createDirectories(to.resolve("results")));
        Files.writeString(to.resolve("RESULTS.md"), report.render());
    }

    private String render() throws IOException {
        line("# Results");
        line("Rendered from a run by `./build benchmark-report`; nothing here is written by hand. Machine and run:");
        line(machine.toString());
        line(
                "Figures of another machine, or another hour of a busy one, differ; ratios within a table are what to look at. "
                        + "± is half of JMH's 99.9 % interval. CPU is that of all Java threads, so with less of it than time a "
                        + "thread has waited, for another or for its turn on a busy machine. [README.md](README.md) says what each "
                        + "benchmark does.");
        throughput("PIPE_TO_SOCKET", "What a guest sends");
        throughput("SOCKET_TO_PIPE", "What a guest receives");
        pipes();
        readiness();
        latency();
        messages();
        grows("ManyConnectionsBenchmark", "connections", List.of("EPOLL", "POLL"), CONNECTIONS_GROW);
        grows("ManyGuestsBenchmark", "guests", List.of(), GUESTS_GROW);
        costs("System calls", "SyscallBenchmark", "What the calls cost; nothing of what a program does with them.");
        costs("Against the JDK's channels", "ChannelBenchmark", "64 bytes, nobody waits; not what selectors cost.");
        costs("transferTo, from a file", "FileTransferBenchmark", "Not a relay: nobody writes the bytes first.");
        costs("The monitor in one thread", "RelayBenchmark", "Without a scheduler; 64 bytes both ways, or 1 MiB.");
        costs("The monitor in its own thread", "StreamBenchmark", "64 KiB; three threads share the CPUs.");
        costs(
                "Requests and replies",
                "ControlBenchmark",
                "Connects over loopback; a network's round trip is not in it.");
        costs("The codec", "RequestBenchmark", "One frame.");
        costs("", "ReplyBenchmark", "");
        costs("", "FramingBenchmark", "");
        return text.toString();
    }

    private void line(String paragraph) {
        text.append(paragraph).append("\n\n");
    }

    private void chart(Chart chart, String name, String caption) throws IOException {
        if (chart.isEmpty()) return;
        chart.save(charts.resolve(name + ".svg"));
        line("![" + caption + "](results/" + name + ".svg)");
        line(caption + " " + machine);
    }

    private void throughput(String direction, String title) throws IOException {
        if (results.of("PathBenchmark", all(direction)).isEmpty()) return;
        line("## " + title);
        Chart speed = new Chart(title + ": throughput, 256 KiB pipe", "bytes of a message", "GiB/s");
        Chart cpu = new Chart(title + ": CPU, 256 KiB pipe", "bytes of a message", "CPU seconds per GiB");
        for (String way : WAYS) {
            Predicate<Result> defaultPipe = r -> r.parameter("pipeSize").equals(PIPE);
            List<Result> line = results.of("PathBenchmark", all(direction, way).and(defaultPipe));
            speed.line(way, line, r -> r.number("size"), Report::gibPerSecond);
            cpu.line(way, line, r -> r.number("size"), Report::cpuPerGib);
        }
        String file = direction.toLowerCase(Locale.ROOT).replace('_', '-');
        String not =
                "One thread writes, moves and reads: no scheduler, no second CPU, and the writing and reading are in it.";
        chart(speed, "throughput-" + file, not);
        chart(cpu, "cpu-" + file, not);
    }

    private static Predicate<Result> all(String... values) {
        return result -> result.parameters().values().containsAll(List.of(values));
    }

    private static double gibPerSecond(Result result) {
        return result.number("size") / GIB / (result.score() / 1e9);
    }

    private static double cpuPerGib(Result result) {
        return result.cpu() / 1e9 / (result.number("size") / GIB);
    }

    private void pipes() {
        List<Result> spliced = results.of("PathBenchmark", all("SPLICE"));
        if (spliced.isEmpty()) return;
        line("## Pipe size and message size");
        line(
                "CPU time of a message by copy and by the JDK's channels, as a multiple of splice's: above 1 splice is cheaper.");
        text.append("| direction | pipe | message | splice, CPU ns | copy | channels |\n|---|--:|--:|--:|--:|--:|\n");
        for (Result splice : spliced) {
            row(
                    splice.parameter("direction"),
                    splice.parameter("pipeSize"),
                    splice.parameter("size"),
                    number(splice.cpu()),
                    ratio(splice, "COPY"),
                    ratio(splice, "CHANNELS"));
        }
        line("");
    }

    private String ratio(Result splice, String way) {
        return results.of("PathBenchmark", all(way)).stream()
                .filter(r -> r.parameter("direction").equals(splice.parameter("direction"))
                        && r.parameter("pipeSize").equals(splice.parameter("pipeSize"))
                        && r.parameter("size").equals(splice.parameter("size")))
                .findFirst()
                .map(r -> String.format(Locale.ROOT, "%.2f", r.cpu() / splice.cpu()))
                .orElse("");
    }

    private void readiness() throws IOException {
        if (results.of("ReadinessBenchmark", _ -> true).isEmpty()) return;
        line("## poll(2) and epoll(7)");
        Chart chart = new Chart("A round of a loop", "descriptors watched", "CPU ns");
        for (String call : List.of("poll", "epoll")) {
            for (String ready : List.of("ONE", "ALL")) {
                List<Result> line = results.of("ReadinessBenchmark." + call, all(ready));
                String name = call + ", " + ready.toLowerCase(Locale.ROOT) + " ready";
                chart.line(name, line, r -> r.number("watched"), Result::cpu);
            }
        }
        chart(chart, "readiness", "eventfds; a write and a read for each that is ready are in all four.");
        costs("", "ReadinessBenchmark", "");
    }

    private void latency() throws IOException {
        if (results.of("RoundTripBenchmark", _ -> true).isEmpty()) return;
        line("## Round trips");
        Chart chart = new Chart("Round trip of a guest by the control socket", "one of so many is slower", "µs");
        for (Result result : results.of("RoundTripBenchmark", _ -> true)) {
            List<Map.Entry<Double, Double>> each = result.percentiles().entrySet().stream()
                    .filter(p -> p.getKey() > 0 && p.getKey() < 100)
                    .toList();
            chart.line(result.parameter("size") + " B", each, p -> 100 / (100 - p.getKey()), p -> p.getValue() / 1000);
        }
        chart(chart, "latency", "Two threads on this machine's CPUs, with what else ran; 2 is the median.");
        costs("", "RoundTripBenchmark", "");
    }

    private void messages() throws IOException {
        if (results.of("MessageBenchmark", _ -> true).isEmpty()) return;
        line("## Messages of every size");
        line(
                "A message of a guest, and one byte back; in the second row of a size the guest writes 100 bytes right before it. "
                        + "Times in µs: half of the messages are faster than the first, 99 of 100 than the second.");
        Chart chart = new Chart("A message of a guest, and one byte back", "bytes of the message", "µs, 99 of 100");
        for (String way : List.of("SPLICE", "COPY")) {
            List<Result> line = results.of("MessageBenchmark", all(way).and(r -> r.number("before") == 0));
            chart.line(way, line, r -> r.number("size"), r -> micros(r, 99));
        }
        chart(chart, "messages", "Two threads on this machine's CPUs, with what else ran.");
        text.append("| message | before it | splice: 50 % | 99 % | copy: 50 % | 99 % |\n|--:|--:|--:|--:|--:|--:|\n");
        for (Result splice : results.of("MessageBenchmark", all("SPLICE"))) {
            Predicate<Result> same =
                    r -> r.number("size") == splice.number("size") && r.number("before") == splice.number("before");
            List<Result> copy = results.of("MessageBenchmark", all("COPY").and(same));
            row(
                    String.format(Locale.ROOT, "%,d", splice.number("size")),
                    splice.parameter("before"),
                    number(micros(splice, 50)),
                    number(micros(splice, 99)),
                    copy.isEmpty() ? "" : number(micros(copy.getFirst(), 50)),
                    copy.isEmpty() ? "" : number(micros(copy.getFirst(), 99)));
        }
        line("");
    }

    private static double micros(Result result, double percentile) {
        return result.percentiles().getOrDefault(percentile, Double.NaN) / 1000;
    }

    private void grows(String benchmark, String parameter, List<String> ways, String why) throws IOException {
        if (results.of(benchmark, _ -> true).isEmpty()) return;
        line("## More " + parameter);
        line("A round trip of 64 bytes of one, beside the others, which are idle; and what the process holds then.");
        Chart cost = new Chart("Round trip of one beside idle " + parameter, parameter, "ns");
        for (String way : ways) {
            cost.line(way, results.of(benchmark, all(way)), r -> r.number(parameter), Result::score);
        }
        if (ways.isEmpty())
            cost.line(parameter, results.of(benchmark, _ -> true), r -> r.number(parameter), Result::score);
        Chart memory = new Chart("Memory beside idle " + parameter, parameter, "KiB");
        List<Result> firsts = results.of(benchmark, ways.isEmpty() ? _ -> true : all(ways.getFirst()));
        memory.line("live heap", firsts, r -> r.number(parameter), more("memory.heap"));
        memory.line("resident", firsts, r -> r.number(parameter), more("memory.resident"));
        chart(cost, parameter, "Guest and peer are in the same process.");
        chart(memory, "memory-" + parameter, "Of the whole process, JMH too; not the kernel's memory.");
        growth(benchmark, parameter, ways, firsts);
        line(why);
    }

    /** Row by row, and what each one more than in the first row has taken. */
    private void growth(String benchmark, String parameter, List<String> ways, List<Result> firsts) {
        text.append("| ").append(parameter);
        if (ways.isEmpty()) text.append(" | round trip, ns");
        for (String way : ways) text.append(" | round trip, ns: ").append(way.toLowerCase(Locale.ROOT));
        text.append(" | live heap, KiB | each more | resident, KiB | each more |\n|");
        text.append("--:|".repeat(5 + Math.max(1, ways.size()))).append('\n');
        for (Result first : firsts) {
            List<String> cells = new ArrayList<>(List.of(String.format(Locale.ROOT, "%,d", first.number(parameter))));
            if (ways.isEmpty()) cells.add(number(first.score()));
            for (String way : ways) {
                Predicate<Result> same = r -> r.number(parameter) == first.number(parameter);
                cells.add(number(
                        results.of(benchmark, all(way).and(same)).getFirst().score()));
            }
            for (String kind : List.of("memory.heap", "memory.resident")) {
                cells.add(number(first.more().get(kind)));
                cells.add(
                        first == firsts.getFirst() ? "" : number(eachMore(firsts.getFirst(), first, parameter, kind)));
            }
            row(cells.toArray(String[]::new));
        }
        line("");
    }

    private static double eachMore(Result few, Result many, String parameter, String kind) {
        return (many.more().get(kind) - few.more().get(kind)) / (many.number(parameter) - few.number(parameter));
    }

    private static ToDoubleFunction<Result> more(String name) {
        return result -> result.more().getOrDefault(name, Double.NaN);
    }

    private void costs(String title, String benchmark, String not) {
        List<Result> rows = results.of(benchmark + ".", _ -> true);
        if (rows.isEmpty()) return;
        if (!title.isEmpty()) line("## " + title);
        if (!not.isEmpty()) line(not);
        text.append("| benchmark | ns/op | ± | CPU ns/op | B/op | live heap, KiB |\n|---|--:|--:|--:|--:|--:|\n");
        for (Result r : rows) {
            String parameters = r.parameters().entrySet().stream()
                    .map(p -> p.getKey() + " " + p.getValue())
                    .collect(Collectors.joining(", "));
            row(
                    r.name().substring(r.name().indexOf('.') + 1)
                            + (parameters.isEmpty() ? "" : " (" + parameters + ")"),
                    number(r.score()),
                    number(r.error()),
                    number(r.cpu()),
                    number(r.bytes()),
                    number(r.more().getOrDefault("memory.heap", Double.NaN)));
        }
        line("");
    }

    private void row(String... cells) {
        text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private static String number(double value) {
        if (Double.isNaN(value)) return "";
        return String.format(Locale.ROOT, Math.abs(value) < 100 ? "%.1f" : "%,.0f", value);
    }
}
