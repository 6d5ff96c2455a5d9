package arca.testkit;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM of its own, for what would hurt the test's: limits, properties, an exit. */
public final class ChildJvm {
    private static final long PATIENCE_SECONDS = 120; // less than a test has, so that it sees what the child said

    private ChildJvm() {}

    /** How a child ended: its exit status, and its output and errors as one text. */
    public record Result(int status, String output) {}

    /** This JVM's launcher. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Options that give a child this JVM's classes, all on the class path, and native access. */
    public static List<String> sameClasses() {
        List<String> path = new ArrayList<>();
        path.add(System.getProperty("java.class.path"));
        String modules = System.getProperty("jdk.module.path");
        if (modules != null) path.add(modules);
        // Tests are patched into the module they test, and a patch is no part of either path.
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (option.startsWith("--patch-module=")) path.add(option.substring(option.indexOf('=', 15) + 1));
        }
        return List.of("--enable-native-access=ALL-UNNAMED", "-cp", String.join(File.pathSeparator, path));
    }

    /** Runs a command to its end; kills it, and fails, where it has none within two minutes. */
    public static Result run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        Thread killer = Thread.ofVirtual().start(() -> {
            try {
                if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        try (InputStream output = process.getInputStream()) {
            process.getOutputStream().close();
            String text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), text);
        } finally {
            process.getErrorStream().close();
            killer.interrupt();
            process.destroyForcibly();
        }
    }
}
