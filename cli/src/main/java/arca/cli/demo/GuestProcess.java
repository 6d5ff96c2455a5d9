package arca.cli.demo;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A process that runs a {@link DemoGuest}, with the modules of this process. */
final class GuestProcess implements AutoCloseable {
    private final Process process;
    private final BufferedWriter commands;
    private final BufferedReader results;

    private GuestProcess(Process process) {
        this.process = process;
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
        this.results = process.inputReader(StandardCharsets.UTF_8);
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

    /** Sends a command to the guest, and does not wait. */
    void send(String line) throws IOException {
        commands.write(line + "\n");
        commands.flush();
    }

    /** Waits for the result of the next command, and returns it. */
    String result() throws IOException {
        String result = results.readLine();
        if (result == null) throw new EOFException("the guest has ended");
        return result;
    }

    /** Kills the process, and waits until it is gone. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
            commands.close();
            results.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            return; // a command that the guest did not read
        }
    }
}
