package arca.cli.daemon;

import arca.control.guest.ArcaSession;
import arca.testkit.Child;
import arca.testkit.Proc;
import arca.testnet.HostileGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * {@code ./arca monitor} as a process: the jars of this build, with the JVM options that ship. Guests may connect to loopback
 * and listen anywhere, and the log has all levels down to debug.
 *
 * @param control the control socket, in a folder that is deleted with this
 */
record MonitorProcess(Path control, Child child, Proc proc) implements AutoCloseable {
    private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

    static MonitorProcess start(String... options) throws IOException, InterruptedException {
        return start(List.of(), options);
    }

    /**
     * Starts a monitor.
     *
     * @param prefix a command that runs the rest of its arguments as a command, as prlimit(1) does
     */
    static MonitorProcess start(List<String> prefix, String... options) throws IOException, InterruptedException {
        return startAt(Files.createTempDirectory("arca").resolve("control"), prefix, options);
    }

    /** Starts a monitor as a user that nobody else is, with a limit on its descriptors. Only root can do that. */
    static MonitorProcess startUnprivileged(int uid, int descriptors, String... options)
            throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("arca");
        Path arca = install(folder);
        Files.setAttribute(folder, "unix:uid", uid);
        List<String> prefix = new ArrayList<>(List.of("prlimit", "--nofile=" + descriptors));
        prefix.addAll(asUser(uid));
        return launch(arca, folder.resolve("control"), prefix, options);
    }

    /** Starts a monitor at a control socket of the caller's. Its folder is deleted with the monitor. */
    static MonitorProcess startAt(Path control, List<String> prefix, String... options)
            throws IOException, InterruptedException {
        return launch(PROJECT.resolve("arca"), control, prefix, options);
    }

    /** Copies the program to a folder in which other users can run it, and returns the command. */
    static Path install(Path folder) throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path modules = Files.createDirectories(folder.resolve("cli/target/modules"));
        try (Stream<Path> jars = Files.list(PROJECT.resolve("cli/target/modules"))) {
            for (Path jar : jars.toList()) Files.copy(jar, modules.resolve(jar.getFileName()));
        }
        for (String script : List.of("build", "arca", "arca.options"))
            Files.copy(PROJECT.resolve(script), folder.resolve(script));
        return folder.resolve("arca");
    }

    /** Returns a command that runs the rest of its arguments as a user: setpriv(1). */
    static List<String> asUser(int uid) {
        String id = Integer.toString(uid);
        return List.of("setpriv", "--reuid", id, "--regid", id, "--clear-groups");
    }

    private static MonitorProcess launch(Path arca, Path control, List<String> prefix, String... options)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(arca.toString(), "monitor", "--control", control.toString(), "--log-level", "debug"));
        command.addAll(List.of("--allow-connect", "127.0.0.0/8", "--allow-listen", "any"));
        command.addAll(List.of(options));
        Child child = Child.start(command);
        MonitorProcess monitor = new MonitorProcess(control, child, new Proc(child.pid()));
        try {
            child.awaitError("ready: ");
            return monitor;
        } catch (AssertionError e) {
            monitor.close();
            throw e;
        }
    }

    ArcaSession session() throws IOException {
        return ArcaSession.connect(control);
    }

    Child hostileGuest() throws IOException, InterruptedException {
        return HostileGuest.start(control);
    }

    /** Waits until a guest's thread has closed everything that it had. */
    void awaitEnd(String guest) throws InterruptedException {
        child.awaitError(" " + guest + ": ended");
    }

    /** Returns the log's name of the guest that a process is. */
    String guest(Child guest) throws InterruptedException {
        String begins = child.awaitError(": begins: pid " + guest.pid() + ",");
        return begins.replaceAll(".* (g[0-9]+): begins.*", "$1");
    }

    Map<Integer, String> descriptors() {
        return proc.descriptors();
    }

    @Override
    public void close() throws IOException {
        child.close();
        try (Stream<Path> files = Files.walk(control.getParent())) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }
}
