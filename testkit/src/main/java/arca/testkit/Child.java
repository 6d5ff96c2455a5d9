package arca.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process that runs beside a test. The test writes lines to its standard input, and reads its standard output and standard
 * error line by line. If a wait fails, the message contains everything that the process has written so far.
 */
public final class Child implements AutoCloseable {
    private final Process process;
    private final Lines output;
    private final Lines errors;
    private int heard; // lines of standard output that hear() has returned

    private Child(Process process) {
        this.process = process;
        this.output = new Lines(process.inputReader());
        this.errors = new Lines(process.errorReader());
    }

    /** Starts a process that runs a command. */
    public static Child start(List<String> command) throws IOException {
        return new Child(new ProcessBuilder(command).start());
    }

    /** Returns the process id. */
    public long pid() {
        return process.pid();
    }

    /** Writes a line to the process's standard input. */
    public void say(String line) throws IOException {
        process.outputWriter().write(line + "\n");
        process.outputWriter().flush();
    }

    /** Waits for the next line of the process's standard output, and returns it. */
    public String hear() throws InterruptedException {
        return output.await(++heard, "", this);
    }

    /** Writes a line, and returns the next line of standard output. */
    public String ask(String line) throws IOException, InterruptedException {
        say(line);
        return hear();
    }

    /** Waits until standard error has a line that contains {@code part}, and returns the first such line. */
    public String awaitError(String part) throws InterruptedException {
        return awaitErrors(1, part);
    }

    /** Waits until standard error has {@code count} lines that contain {@code part}, and returns the last of these. */
    public String awaitErrors(int count, String part) throws InterruptedException {
        return errors.await(count, part, this);
    }

    /** Returns the lines of standard error so far that contain {@code part}. */
    public List<String> errors(String part) {
        return errors.all().stream().filter(line -> line.contains(part)).toList();
    }

    /** Sends the process a signal by its name, such as {@code STOP}. */
    public void signal(String name) throws IOException, InterruptedException {
        ChildJvm.Result kill = ChildJvm.run(List.of("kill", "-" + name, Long.toString(pid())));
        if (kill.status() != 0) throw new AssertionError(kill.output());
    }

    /** Waits until the process has ended, and returns its exit status. */
    public int await() throws InterruptedException {
        if (!process.waitFor(Patience.SECONDS, TimeUnit.SECONDS))
            throw new AssertionError("the process has not ended; " + this);
        output.join();
        errors.join();
        return process.exitValue();
    }

    /** Kills the process with SIGKILL, and waits until it is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        await();
    }

    /** Kills the process, and closes this side of its pipes. */
    @Override
    public void close() throws IOException {
        try (InputStream _ = process.getInputStream();
                InputStream _ = process.getErrorStream();
                OutputStream _ = process.getOutputStream()) {
            kill();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return "pid " + pid() + " has written " + output.all() + " to stdout and " + errors.all() + " to stderr";
    }

    /** The lines of one stream. A thread of its own reads them, so the process never waits for the test. */
    private static final class Lines {
        private final List<String> lines = new ArrayList<>();
        private final Thread reader;
        private boolean ended;

        Lines(BufferedReader from) {
            reader = Thread.ofPlatform().daemon().name("lines of a child").start(() -> read(from));
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

        /** Waits for the {@code count}th line that contains {@code part}, and returns it. */
        synchronized String await(int count, String part, Child child) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Patience.SECONDS);
            int found = 0;
            for (int next = 0; ; next++) {
                while (next == lines.size()) {
                    long left = deadline - System.nanoTime();
                    if (ended || left <= 0) throw new AssertionError("no line with \"" + part + "\"; " + child);
                    TimeUnit.NANOSECONDS.timedWait(this, left);
                }
                if (lines.get(next).contains(part) && ++found == count) return lines.get(next);
            }
        }

        void join() throws InterruptedException {
            reader.join();
        }
    }
}
