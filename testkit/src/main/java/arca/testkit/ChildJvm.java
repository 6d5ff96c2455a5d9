package arca.testkit;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** Starts a second JVM, for a test that would harm its own: by a limit, a system property, an exit. */
public final class ChildJvm {
    private ChildJvm() {}

    /** The exit status of a process, and its standard output and standard error as one text. */
    public record Result(int status, String output) {}

    /** Returns the path of this JVM's {@code java} command. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Returns options that give a second JVM this JVM's classes, all on the class path, and native access. */
    public static List<String> sameClasses() {
        List<String> path = new ArrayList<>();
        path.add(System.getProperty("java.class.path"));
        String modules = System.getProperty("jdk.module.path");
        if (modules != null) path.add(modules);
        // A test is patched into the module that it tests. A patch is in neither path.
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (option.startsWith("--patch-module=")) path.add(option.substring(option.indexOf('=', 15) + 1));
        }
        return List.of("--enable-native-access=ALL-UNNAMED", "-cp", String.join(File.pathSeparator, path));
    }

    /**
     * As {@link #sameClasses}, but with all classes in jars of one folder, as in an installation. A JVM that has no free
     * descriptor can still load a class from a jar that is open. Another user can read the jars.
     *
     * @param folder the folder in which the jars are made
     */
    public static List<String> sameClassesInJars(Path folder) throws IOException {
        List<String> options = new ArrayList<>(sameClasses());
        List<String> path = new ArrayList<>();
        for (String entry : options.getLast().split(File.pathSeparator)) {
            Path jar = folder.resolve(path.size() + ".jar");
            if (Files.isDirectory(Path.of(entry))) pack(Path.of(entry), jar);
            else Files.copy(Path.of(entry), jar);
            path.add(jar.toString());
        }
        options.set(options.size() - 1, String.join(File.pathSeparator, path));
        return options;
    }

    private static void pack(Path classes, Path jar) throws IOException {
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                Files.copy(file, out);
            }
        }
    }

    /** Returns the argument that gives a JVM the options of {@code ./arca}: java(1), "java Command-Line Argument Files". */
    public static String shippedOptions() {
        return "@" + Path.of("..", "arca.options").toAbsolutePath(); // a test runs in the directory of its module
    }

    /** Returns a command that runs a class's main method with this JVM's classes, in a JVM that starts fast and stays small. */
    public static List<String> command(Class<?> main, String... arguments) {
        return command(sameClasses(), main, arguments);
    }

    /** As {@link #command(Class, String...)}, with the given options in place of {@link #sameClasses}. */
    public static List<String> command(List<String> classes, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(java(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(classes);
        command.add(main.getName());
        command.addAll(List.of(arguments));
        return command;
    }

    /** Runs a command until it ends. Kills it if that takes longer than {@link Patience} allows. */
    public static Result run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        Patience.killLate(process);
        try (InputStream output = process.getInputStream()) {
            process.getOutputStream().close();
            String text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), text);
        } finally {
            process.getErrorStream().close();
            process.destroyForcibly();
        }
    }
}
