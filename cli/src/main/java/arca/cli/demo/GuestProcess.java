package arca.cli.demo;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A process that runs a {@link DemoGuest}, with the same modules as this one. */
final class GuestProcess implements AutoCloseable {
    private final Process process;
    private final BufferedWriter orders;
    private final BufferedReader answers;

    private GuestProcess(Process process) {
        this.process = process;
        this.orders = process.outputWriter(StandardCharsets.UTF_8);
        this.answers = process.inputReader(StandardCharsets.UTF_8);
    }

    static GuestProcess start(Path control) throws IOException {
        return new GuestProcess(new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=arca.bindings",
                        "--illegal-native-access=deny",
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-XX:-UsePerfData",
                        "-p",
                        System.getProperty("jdk.module.path"),
                        "-m",
                        "arca.cli/" + DemoGuest.class.getName(),
                        control.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    long pid() {
        return process.pid();
    }

    /** Has it begin something. */
    void order(String line) throws IOException {
        orders.write(line + "\n");
        orders.flush();
    }

    /** What came of it, once it is done. */
    String answer() throws IOException {
        String answer = answers.readLine();
        if (answer == null) throw new EOFException("the guest has ended");
        return answer;
    }

    /** Ends it, whatever it does, and waits for that. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
            orders.close();
            answers.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            return; // an order that it did not take
        }
    }
}
