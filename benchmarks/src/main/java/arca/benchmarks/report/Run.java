package arca.benchmarks.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs JMH with the profilers that every run needs, and with the JVM options that arca ships with. Writes results.json, and
 * machine.json with the machine.
 */
public final class Run {
    private Run() {}

    /**
     * Runs the benchmarks.
     *
     * @param arguments the project's directory, then JMH's own options
     */
    public static void main(String[] arguments) throws IOException {
        Path project = Path.of(arguments[0]);
        Path directory = project.resolve("benchmarks", "target");
        Path results = directory.resolve(Results.FILE);
        List<String> options = List.of(arguments).subList(1, arguments.length);
        Machine machine = Machine.here(options);
        FileTime before = lastWritten(results);
        List<String> all = new ArrayList<>(List.of("-prof", "gc"));
        all.addAll(List.of("-prof", "arca.benchmarks.CpuProfiler", "-prof", "arca.benchmarks.MemoryProfiler"));
        all.addAll(List.of("-rf", "json", "-rff", results.toString()));
        all.addAll(List.of("-jvmArgsPrepend", "\"@" + project.resolve("arca.options") + "\""));
        all.addAll(options);
        org.openjdk.jmh.Main.main(all.toArray(String[]::new));
        // JMH also returns after it has printed a list or its help. Then the results are those of an older run.
        if (lastWritten(results).compareTo(before) > 0) {
            Files.writeString(directory.resolve(Machine.FILE), machine.toJson());
        }
    }

    private static FileTime lastWritten(Path file) throws IOException {
        return Files.exists(file) ? Files.getLastModifiedTime(file) : FileTime.fromMillis(0);
    }
}
