package arca.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A process that runs beside a test. The test writes lines to its standard input, and reads its standard output and standard
 * error line by line. If a wait fails, the message contains everything that the process has written so far.
 *
 * <p>A test can also use the streams as bytes, with {@link #input}, {@link #output} and {@link #error}. It must then not read
 * lines of the same stream.
 */
public final class Child implements AutoCloseable {
    private final Process process;
    private final Lines output;
    private final Lines errors;

    private Child(Process process) {
        this.process = process;
        this.output = new Lines(process::inputReader, this);
        this.errors = new Lines(process::errorReader, this);
    }

    /** Starts a process that runs a command. */
    public static Child start(List<String> command) throws IOException {
        return start(Map.of(), command);
    }

    /** Starts a process that runs a command, with these variables added to its environment. */
    public static Child start(Map<String, String> environment, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        return new Child(builder.start());
    }

    /**
     * Kills the process if it lives longer than {@code waits} waits of a test may take. A test that reads bytes then reaches
     * the end of the stream. Neither an interrupt nor a timeout would end that read.
     */
    public Child killLate(int waits) {
        Patience.killLate(process, waits);
        return this;
    }

    /** Returns the process id. */
    public long pid() {
        return process.pid();
    }

    /** Tells whether the process has not ended yet. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Returns the stream to the process's standard input. */
    public OutputStream input() {
        return process.getOutputStream();
    }

    /** Returns the bytes of standard output. */
    public InputStream output() {
        return process.getInputStream();
    }

    /** Returns the bytes of standard error. */
    public InputStream error() {
        return process.getErrorStream();
    }

    /** Writes a line to the process's standard input. */
    public void writeLine(String line) throws IOException {
        process.outputWriter().write(line + "\n");
        process.outputWriter().flush();
    }

    /** Waits for the next line of the process's standard output, and returns it. */
    public String readLine() throws InterruptedException {
        return output.next();
    }

    /** Writes a line, and returns the next line of standard output. */
    public String ask(String line) throws IOException, InterruptedException {
        writeLine(line);
        return readLine();
    }

    /** Waits for the end of standard output, and returns the lines that {@link #readLine} has not returned. */
    public List<String> readOutput() throws InterruptedException {
        return output.rest();
    }

    /** Waits until standard error has a line that contains {@code part}, and returns the first such line. */
    public String awaitError(String part) throws InterruptedException {
        return awaitErrors(1, part);
    }

    /** Waits until standard error has {@code count} lines that contain {@code part}, and returns the last of these. */
    public String awaitErrors(int count, String part) throws InterruptedException {
        return errors.await(count, part);
    }

    /** Waits for the end of standard error, and returns the lines after the last one that an await has returned. */
    public List<String> readErrors() throws InterruptedException {
        return errors.rest();
    }

    /** Returns the lines of standard error so far that contain {@code part}; all such lines if the process has ended. */
    public List<String> errors(String part) throws InterruptedException {
        if (!isAlive()) errors.awaitEnd();
        return errors.all().stream().filter(line -> line.contains(part)).toList();
    }

    /** Sends the process a signal by its name, such as {@code STOP}. */
    public void signal(String name) throws IOException, InterruptedException {
        ChildJvm.Result kill = ChildJvm.run(List.of("kill", "-" + name, Long.toString(pid())));
        if (kill.status() != 0) throw new AssertionError(kill.output());
    }

    /** Waits until the process has ended, and returns its exit status. */
    public int exitStatus() throws InterruptedException {
        if (!process.waitFor(Patience.SECONDS, TimeUnit.SECONDS))
            throw new AssertionError("the process has not ended; " + this);
        return process.exitValue();
    }

    /** Kills the process with SIGKILL, and waits until it is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        exitStatus();
    }

    /** Kills the process, and closes this side of its pipes. */
    @Override
    public void close() throws IOException {
        try (InputStream _ = process.getInputStream();
                InputStream _ = process.getErrorStream()) {
            kill();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            return; // the process has ended without reading its last input
        }
    }

    @Override
    public String toString() {
        return "pid " + pid() + " has written " + output.all() + " to stdout and " + errors.all() + " to stderr";
    }

    /**
     * The lines of one stream. As soon as the test asks for one, a thread reads them all, so the process never waits for the
     * test.
     */
    private static final class Lines {
        private final Supplier<BufferedReader> source;
        private final Child child;
        private final List<String> lines = new ArrayList<>();
        private boolean started;
        private boolean ended;
        private int returned; // lines up to the last one that was returned

        Lines(Supplier<BufferedReader> source, Child child) {
            this.source = source;
            this.child = child;
        }

        private void start() {
            if (started) return;
            started = true;
            BufferedReader from = source.get();
            Thread.ofPlatform().daemon().name("lines of a child").start(() -> read(from));
        }

        private void read(BufferedReader from) {
            try {
                for (String line = from.readLine(); line != null; line = from.readLine()) add(line);
            } catch (IOException e) {
                return; // the stream is closed, and nobody needs what comes now
            } finally {
                end();
            }
        }

        private synchronized void add(String line) {
            lines.add(line);
            notifyAll();
        }

        private synchronized void end() {
            ended = true;
            notifyAll();
        }

        synchronized List<String> all() {
            return List.copyOf(lines);
        }

        synchronized String next() throws InterruptedException {
            return await(returned + 1, "");
        }

        /** Waits for the {@code count}th line that contains {@code part}, and returns it. */
        synchronized String await(int count, String part) throws InterruptedException {
            start();
            long deadline = deadline();
            int found = 0;
            for (int next = 0; ; next++) {
                while (next == lines.size()) {
                    if (ended) throw new AssertionError("no line with \"" + part + "\"; " + child);
                    awaitChange(deadline);
                }
                if (!lines.get(next).contains(part) || ++found < count) continue;
                returned = Math.max(returned, next + 1);
                return lines.get(next);
            }
        }

        synchronized void awaitEnd() throws InterruptedException {
            start();
            long deadline = deadline();
            while (!ended) awaitChange(deadline);
        }

        /** Waits for the end, and returns the lines that were not returned yet. */
        synchronized List<String> rest() throws InterruptedException {
            awaitEnd();
            return List.copyOf(lines.subList(returned, lines.size()));
        }

        private static long deadline() {
            return System.nanoTime() + TimeUnit.SECONDS.toNanos(Patience.SECONDS);
        }

        private void awaitChange(long deadline) throws InterruptedException {
            long left = deadline - System.nanoTime();
            if (left <= 0) throw new AssertionError("waited " + Patience.SECONDS + " seconds for output; " + child);
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }
}
