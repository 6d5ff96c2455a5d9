package arca.cli;

import arca.testkit.Child;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A process of {@code ./arca}, with the jars of this build. Its streams are texts here; {@link #child} has the rest. */
record Arca(Child child) implements AutoCloseable {
    static final Path COMMAND = Path.of("..", "arca").toAbsolutePath().normalize();

    private static final int WAITS_OF_A_MONITOR = 20; // it may serve a whole class of tests

    static Arca start(String... words) throws IOException {
        return start(Map.of(), words);
    }

    static Arca start(Map<String, String> environment, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(COMMAND.toString()));
        command.addAll(List.of(words));
        return run(environment, command);
    }

    /** Runs a command that becomes {@code ./arca}, or runs it. */
    static Arca run(Map<String, String> environment, List<String> command) throws IOException {
        int waits = command.contains("monitor") ? WAITS_OF_A_MONITOR : 1;
        return new Arca(Child.start(environment, command).killLate(waits));
    }

    /** Starts a monitor whose guests may use all of loopback, and waits until it is ready. */
    static Arca monitor(Path control, String... more) throws IOException, InterruptedException {
        Arca monitor = startMonitor(control, more);
        monitor.awaitErr("ready: ");
        return monitor;
    }

    /** As {@link #monitor}, without the wait. */
    static Arca startMonitor(Path control, String... more) throws IOException {
        List<String> words = new ArrayList<>(List.of("monitor", "--control", control.toString()));
        words.addAll(List.of("--allow-connect", "127.0.0.0/8", "--allow-listen", "127.0.0.0/8"));
        words.addAll(List.of(more));
        // The first compiler alone makes it ready sooner, as for the other commands.
        return start(Map.of("ARCA_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1"), words.toArray(String[]::new));
    }

    /** Waits until stderr has a line that contains {@code part}, and returns it. */
    String awaitErr(String part) throws InterruptedException {
        return child.awaitError(part);
    }

    /** Waits for the end of stderr, and returns what comes after the last line that {@link #awaitErr} has returned. */
    String err() throws InterruptedException {
        return String.join("\n", child.readErrors());
    }

    /** Writes a text to stdin and closes it. */
    Arca in(String text) throws IOException {
        try (OutputStream in = child.input()) {
            in.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return this;
    }

    /** Waits for the end of stdout, and returns all that has not been read. */
    String out() throws IOException {
        return new String(child.output().readAllBytes(), StandardCharsets.UTF_8);
    }

    void signal(String name) throws IOException, InterruptedException {
        child.signal(name);
    }

    int status() throws InterruptedException {
        return child.exitStatus();
    }

    @Override
    public void close() throws IOException {
        child.close();
    }
}
