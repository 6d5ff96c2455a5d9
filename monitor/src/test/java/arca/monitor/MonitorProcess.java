package arca.monitor;

import arca.control.guest.ArcaSession;
import arca.monitor.cli.Main;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code arca monitor} as a process, which lets guests connect to loopback and listen, and logs all it does. */
public record MonitorProcess(Path control, Child child, Proc proc) implements AutoCloseable {
    static MonitorProcess start(String... options) throws IOException, InterruptedException {
        return startAt(Files.createTempDirectory("arca").resolve("control"), List.of(), options);
    }

    /** With its classes in jars, as it is installed. */
    static MonitorProcess startInstalled(String... options) throws IOException, InterruptedException {
        return startInstalled(List.of(), options);
    }

    /**
     * @param prefix a command that runs the rest of its words as a command, as prlimit(1) does
     */
    static MonitorProcess startInstalled(List<String> prefix, String... options)
            throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("arca");
        return ready(launch(folder.resolve("control"), prefix, ChildJvm.sameClassesInJars(folder), options));
    }

    /** As a user that nobody else is, and by root alone; it may have so many descriptors. */
    static MonitorProcess startUnprivileged(int uid, int descriptors, String... options)
            throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("arca");
        List<String> classes = ChildJvm.sameClassesInJars(folder);
        Files.setAttribute(folder, "unix:uid", uid);
        String id = Integer.toString(uid);
        List<String> prefix = List.of(
                "prlimit", "--nofile=" + descriptors, "setpriv", "--reuid", id, "--regid", id, "--clear-groups");
        return ready(launch(folder.resolve("control"), prefix, classes, options));
    }

    /**
     * @param prefix a command that runs the rest of its words as a command, as prlimit(1) does
     */
    public static MonitorProcess startAt(Path control, List<String> prefix, String... options)
            throws IOException, InterruptedException {
        return ready(launch(control, prefix, ChildJvm.sameClasses(), options));
    }

    private static MonitorProcess ready(MonitorProcess monitor) throws IOException, InterruptedException {
        try {
            monitor.child.awaitError("ready: ");
            return monitor;
        } catch (AssertionError e) {
            monitor.close();
            throw e;
        }
    }

    private static MonitorProcess launch(Path control, List<String> prefix, List<String> classes, String... options)
            throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(ChildJvm.command(
                classes,
                Main.class,
                "monitor",
                "--control",
                control.toString(),
                "--allow-connect",
                "127.0.0.0/8",
                "--allow-listen",
                "any",
                "--log-level",
                "debug"));
        command.addAll(List.of(options));
        Child child = Child.start(command);
        return new MonitorProcess(control, child, new Proc(child.pid()));
    }

    ArcaSession session() throws IOException {
        return ArcaSession.connect(control);
    }

    Child hostileGuest() throws IOException, InterruptedException {
        return HostileGuest.start(control);
    }

    /** Waits until a guest's thread has closed all it had. */
    void awaitEnd(String guest) throws InterruptedException {
        child.awaitError(" " + guest + ": ended");
    }

    /** What the log calls the guest of a process. */
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
