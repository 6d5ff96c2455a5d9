package arca.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process that runs beside a test, for as long as the test likes: it is told things on its standard input, and what it
 * says on its output and its errors is heard line by line. A wait that fails tells what the process has said so
 * far.
 */
public final class Child implements AutoCloseable {
    private final Process process;
    private final Lines output;
    private final Lines errors;
    private int heard; // lines of the output

    private Child(Process process) {
        this.process = process;
        this.output = new Lines(process.inputReader());
        this.errors = new Lines(process.errorReader());
    }

    /** Starts a command. */
    public static Child start(List<String> command) throws IOException {
        return new Child(new ProcessBuilder(command).start());
    }

    /** The process's number. */
    public long pid() {
        return process.pid();
    }

    /** Writes a line to its standard input. */
    public void say(String line) throws IOException {
        process.outputWriter().write(line + "\n");
        process.outputWriter().flush();
    }

    /** The next line of its output. */
    public String hear() throws InterruptedException {
        return output.await(++heard, "", this);
    }

    /** Says a line, and hears the next. */
    public String ask(String line) throws IOException, InterruptedException {
        say(line);
        return hear();
    }

    /** Waits until its errors have a line with such a part, now or earlier, and returns the first. */
    public String awaitError(String part) throws InterruptedException {
        return awaitErrors(1, part);
    }

    /** Waits until its errors have so many lines with such a part, and returns the last of those. */
    public String awaitErrors(int count, String part) throws InterruptedException {
        return errors.await(count, part, this);
    }

    /** The lines of its errors so far, in which a part occurs. */
    public List<String> errors(String part) {
        return errors.all().stream().filter(line -> line.contains(part)).toList();
    }

    /** Sends a signal by its name, such as {@code STOP}. */
    public void signal(String name) throws IOException, InterruptedException {
        ChildJvm.Result kill = ChildJvm.run(List.of("kill", "-" + name, Long.toString(pid())));
        if (kill.status() != 0) throw new AssertionError(kill.output());
    }

    /** Waits for its end: its exit status. */
    public int await() throws InterruptedException {
        if (!process.waitFor(Patience.SECONDS, TimeUnit.SECONDS)) throw new AssertionError("it runs on; " + this);
        output.join();
        errors.join();
        return process.exitValue();
    }

    /** Ends it by SIGKILL, and waits until it is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        await();
    }

    /** As {@link #kill}, and closes our ends of its pipes. */
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
        return "pid " + pid() + " has said " + output.all() + " and " + errors.all();
    }

    /** What a stream of the process gives, read by a thread of its own so that the process never waits for us. */
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
                return; // closed: whatever comes now, nobody hears it
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

        /** The line that is the {@code count}th of those with a part. */
        synchronized String await(int count, String part, Child child) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Patience.SECONDS);
            int found = 0;
            for (int next = 0; ; next++) {
                while (next == lines.size()) {
                    long left = deadline - System.nanoTime();
                    if (ended || left <= 0) throw new AssertionError("not said: \"" + part + "\"; " + child);
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
