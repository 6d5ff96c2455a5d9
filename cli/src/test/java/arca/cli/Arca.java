package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.testkit.ChildJvm;
import arca.testkit.Patience;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A process of {@code ./arca}, with the jars of this build. */
final class Arca implements AutoCloseable {
    static final Path COMMAND = Path.of("..", "arca").toAbsolutePath().normalize();

    private static final int OF_A_MONITOR = 20; // waits: it may serve a whole class of tests

    final Process process;
    private final BufferedReader err;

    private Arca(Process process) {
        this.process = process;
        this.err = process.errorReader();
    }

    static Arca start(String... words) throws IOException {
        return start(Map.of(), words);
    }

    static Arca start(Map<String, String> environment, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(COMMAND.toString()));
        command.addAll(List.of(words));
        return run(environment, command);
    }

    /** Any command that becomes, or runs, one. */
    static Arca run(Map<String, String> environment, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        Process process = builder.start();
        Patience.killLate(process, command.contains("monitor") ? OF_A_MONITOR : 1);
        return new Arca(process);
    }

    /** A monitor whose guests may use all of loopback, once it is ready. */
    static Arca monitor(Path control, String... more) throws IOException {
        List<String> words = new ArrayList<>(List.of("monitor", "--control", control.toString()));
        words.addAll(List.of("--allow-connect", "127.0.0.0/8", "--allow-listen", "127.0.0.0/8"));
        words.addAll(List.of(more));
        // Sooner ready with the first compiler alone, as the other commands are.
        Arca monitor = start(Map.of("ARCA_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1"), words.toArray(String[]::new));
        monitor.awaitErr("ready: ");
        return monitor;
    }

    /** The first line on stderr that has {@code part} in it; waits for it. */
    String awaitErr(String part) throws IOException {
        StringBuilder before = new StringBuilder();
        for (String line = err.readLine(); line != null; line = err.readLine()) {
            if (line.contains(part)) return line;
            before.append(line).append('\n');
        }
        throw new AssertionError("no line with \"" + part + "\" in:\n" + before);
    }

    /** What is left of stderr. */
    String err() throws IOException {
        return String.join("\n", err.readAllLines());
    }

    /** Has stdin be this and no more. */
    Arca in(String text) throws IOException {
        process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().close();
        return this;
    }

    /** All of stdout. */
    String out() throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    void signal(String name) throws Exception {
        ChildJvm.Result kill = ChildJvm.run(List.of("kill", "-" + name, Long.toString(process.pid())));
        assertEquals(0, kill.status(), kill.output());
    }

    int status() throws InterruptedException {
        return Patience.exitOf(process);
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.getInputStream().close();
        err.close();
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            return; // what it did not read
        }
    }
}
