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

/** Writes RESULTS.md and its charts from the results of a run. Every figure comes from the run. */
public final class Report {
    private static final double GIB = 1 << 30;
    private static final List<String> WAYS = List.of("SPLICE", "COPY", "CHANNELS");
    private static final String PIPE = "262144"; // the monitor's default

    private static final String CONNECTIONS_GROW = """
            What the figures mean. With epoll, the time stays the same: the kernel reports only the descriptors that are
            ready, and does not look at the others. With poll, the kernel looks at every descriptor in every wait, three for
            each connection. For one connection, poll costs about as much as epoll. From about ten connections on, poll takes most of
            the round trip, and its time grows with their number. With few connections, the live heap is mostly the JVM's own;
            each further connection adds the size of its objects. Resident memory grows in steps: when a part of the heap
            is used for the first time, and when a table doubles. 10,000 connections need 30,000 descriptors; there is no row for
            them if the process may not have that many.""";

    private static final String GUESTS_GROW = """
            What the figures mean. An idle guest is a sleeping thread with its own epoll instance, so it adds nothing to the
            round trip of another guest. The differences in time come from the scheduler. The memory of a guest is the used
            part of its thread's stack, the memory for its system calls, and the tables of its loop. With few guests, most
            memory is what all guests share; with many guests, most is their own.""";

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
     * Writes the report.
     *
     * @param arguments the directory of the run's results, and the directory for the report
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
        line("`./build benchmark-report` writes this file from a run; nobody edits it by hand. Machine and run:");
        line(machine.toString());
        line(
                "Another machine gives other figures, and so does this one at another hour. Look at the ratios within a table. "
                        + "± is half of JMH's 99.9 % confidence interval. CPU is the CPU time of all Java threads. If it is less than "
                        + "the elapsed time, a thread waited: for another thread, or for a free CPU. "
                        + "[README.md](README.md) says what each benchmark does.");
        throughput("PIPE_TO_SOCKET", "What a guest sends");
        throughput("SOCKET_TO_PIPE", "What a guest receives");
        pipes();
        readiness();
        latency();
        messages();
        grows("ManyConnectionsBenchmark", "connections", List.of("EPOLL", "POLL"), CONNECTIONS_GROW);
        grows("ManyGuestsBenchmark", "guests", List.of(), GUESTS_GROW);
        costs(
                "System calls",
                "SyscallBenchmark",
                "The cost of the calls alone, without what a program does with their results.");
        costs(
                "Against the JDK's channels",
                "ChannelBenchmark",
                "64 bytes; no thread waits. The cost of selectors is not included.");
        costs(
                "transferTo, from a file",
                "FileTransferBenchmark",
                "This is not a relay: the bytes are in a file already.");
        costs(
                "The monitor in one thread",
                "RelayBenchmark",
                "One thread does everything, so no time goes to the scheduler. 64 bytes both ways, or 1 MiB each way.");
        costs(
                "The monitor in its own thread",
                "StreamBenchmark",
                "Parts of 64 KiB. Guest, monitor and peer are three threads that share the CPUs.");
        costs(
                "Requests and replies",
                "ControlBenchmark",
                "The connects go over loopback, so the round trip of a network is not included.");
        costs("The codec", "RequestBenchmark", "Each operation handles one frame.");
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
                "One thread writes, moves and reads the bytes. The figures include the writing and reading. No second CPU and no thread switch takes part.";
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
                "The CPU time of a message with splice; then the CPU time with copy and with the JDK's channels, divided by that of splice. Above 1, splice is cheaper.");
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
        chart(
                chart,
                "readiness",
                "The descriptors are eventfds. All four lines include a write and a read for each descriptor that is ready.");
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
        chart(
                chart,
                "latency",
                "Two threads share this machine's CPUs with all other programs. At 2 on the x axis is the median.");
        costs("", "RoundTripBenchmark", "");
    }

    private void messages() throws IOException {
        if (results.of("MessageBenchmark", _ -> true).isEmpty()) return;
        line("## Messages of every size");
        line(
                "A guest sends a message, and the peer answers with one byte. In the second row of a size, the guest writes 100 "
                        + "bytes right before the message. Times are in µs: 50 % of the messages are faster than the first figure, "
                        + "and 99 % are faster than the second.");
        Chart chart = new Chart("A message of a guest, and one byte back", "bytes of the message", "µs, 99 of 100");
        for (String way : List.of("SPLICE", "COPY")) {
            List<Result> line = results.of("MessageBenchmark", all(way).and(r -> r.number("before") == 0));
            chart.line(way, line, r -> r.number("size"), r -> micros(r, 99));
        }
        chart(chart, "messages", "Two threads share this machine's CPUs with all other programs.");
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
        line(
                "The time of a round trip of 64 bytes on one of them while all others are idle, and the memory of the process.");
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
        chart(cost, parameter, "Guest, monitor and peer are in one process.");
        chart(
                memory,
                "memory-" + parameter,
                "The memory of the whole process, including JMH's. The kernel's memory is not included.");
        growth(benchmark, parameter, ways, firsts);
        line(why);
    }

    /** Writes a table with a row for each number, and the memory that each one more than in the first row has added. */
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
