package arca.benchmarks.report;

import arca.bindings.ProcFile;
import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/**
 * The machine on which a run was made, and the command that made it.
 *
 * @param processor its name in /proc/cpuinfo
 * @param cpus the number of CPUs that the JVM may use
 * @param kernel the kernel's release
 * @param jdk the version of the Java runtime
 * @param date the day of the run, UTC
 * @param load the load average of the minute before the run
 * @param command the command that made the run
 */
record Machine(String processor, int cpus, String kernel, String jdk, String date, double load, String command) {
    static final String FILE = "machine.json";

    static Machine here(List<String> options) throws IOException {
        return new Machine(
                modelName(),
                Runtime.getRuntime().availableProcessors(),
                ProcFile.read("/proc/sys/kernel/osrelease").strip(),
                System.getProperty("java.vendor.version") + " (" + Runtime.version() + ")",
                LocalDate.now(ZoneOffset.UTC).toString(),
                Double.parseDouble(ProcFile.read("/proc/loadavg").split(" ")[0]),
                ("./build benchmark " + String.join(" ", options)).strip());
    }

    private static String modelName() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse(System.getProperty("os.arch")); // aarch64 has no such line
    }

    String toJson() {
        return new Gson().toJson(this);
    }

    static Machine of(String json) {
        return new Gson().fromJson(json, Machine.class);
    }

    /** Returns all of it in one line, to be printed below a chart. */
    @Override
    public String toString() {
        return cpus + " CPUs " + processor + ", Linux " + kernel + ", JDK " + jdk + ", " + date + ", load " + load
                + " at the start, `" + command + "`";
    }
}
