package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.testkit.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ./arca} as a user runs it, with the jars of this build; a build of its own would be a line on stderr. */
class ArcaIT {
    private static final Path ARCA = Path.of("..", "arca").toAbsolutePath().normalize();

    @TempDir
    Path folder;

    private record Outcome(long pid, int status, String out, String err) {}

    private Outcome run(String javaOptions, Path arca, String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("env", "--chdir=" + folder, arca.toString()));
        command.addAll(List.of(words));
        try (Arca process = Arca.run(Map.of("ARCA_JAVA_OPTIONS", javaOptions), command)) {
            String out = process.in("").out();
            return new Outcome(process.child().pid(), process.status(), out, process.err());
        }
    }

    @Test
    void versionIsTheBuilds() throws Exception {
        Outcome outcome = run("", ARCA, "--version");
        assertEquals("", outcome.err());
        assertTrue(outcome.out().matches("arca [0-9]+\\.[0-9]+\\S* \\(Java [^()]+, Linux [^()]+\\)\n"), outcome.out());
        assertEquals(0, outcome.status());
    }

    @Test
    void symbolicLinkWorksFromElsewhere() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("linked arca"), ARCA);
        Outcome outcome = run("", link, "monitor", "--help");
        Files.delete(link); // JUnit warns of links that lead out of the folder
        assertEquals("", outcome.err());
        assertTrue(outcome.out().startsWith("Usage: arca monitor "), outcome.out());
        assertEquals(0, outcome.status());
    }

    @Test
    void wrongFlagIsOneLineAndStatusTwo() throws Exception {
        Outcome outcome = run("", ARCA, "monitor", "--control", "a b", "--darin", "1");
        assertEquals("", outcome.out());
        assertTrue(outcome.err().matches("arca monitor: .*'--darin'.* \\(see arca monitor --help\\)"), outcome.err());
        assertEquals(2, outcome.status());
    }

    @Test
    void monitorThatCannotStartIsOneLineAndStatusOne() throws Exception {
        Outcome outcome = run("", ARCA, "monitor", "--control", "/no/such/folder/a.sock");
        assertEquals("", outcome.out());
        assertTrue(outcome.err().matches("arca monitor: .*"), outcome.err());
        assertEquals(1, outcome.status());
    }

    @Test
    void processIsTheJvmWithTheCollectorOfASmallHeap() throws Exception {
        Outcome outcome = run("-Xlog:gc=info:stderr:pid", ARCA, "--version");
        assertTrue(outcome.err().startsWith("[" + outcome.pid() + "] Using Serial"), outcome.err());
    }

    @Test
    void jvmOfTheMonitorWritesNoWarningsOfItsOwn() throws Exception {
        String odd = "-XX:MaxNewSize=100g"; // more than the heap
        assertTrue(run(odd, ARCA, "--version").err().contains("[warning]"));
        assertEquals("", run(odd, ARCA, "monitor", "--help").err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void monitorServesUntilASignalAndLeavesNoSocket(String signal) throws Exception {
        Path control = folder.resolve("control");
        // A child inherits ignored signals, and a script's background jobs ignore SIGINT.
        List<String> command =
                List.of("env", "--default-signal=INT", ARCA.toString(), "monitor", "--control", control.toString());
        try (Arca monitor = Arca.run(Map.of(), command)) {
            monitor.in("");
            String ready = monitor.awaitErr("ready: ");
            assertTrue(ready.endsWith(" INFO ready: guests connect to " + control), ready);
            try (ArcaSession guest = ArcaSession.connect(control)) {
                ErrnoException denied =
                        assertThrows(ErrnoException.class, () -> guest.connect(Endpoint.parse("127.0.0.1:80")));
                assertEquals(Errno.EACCES, denied.errno());
                String warning = monitor.awaitErr("denied");
                assertTrue(
                        warning.endsWith(" WARN g1: connect to 127.0.0.1:80 denied: no rule allows it;"
                                + " allow it with --allow-connect 127.0.0.1:80"),
                        warning);
                monitor.signal(signal);
                assertEquals(0, monitor.status());
            }
            assertEquals("", monitor.out());
            assertFalse(Files.exists(control));
        }
    }

    /** A killed monitor has left its files; then several start at once. */
    @Test
    void oneOfSeveralTakesOverThePath() throws Exception {
        Path control = folder.resolve("control");
        try (Arca killed = Arca.monitor(control)) {
            killed.child().kill();
        }
        assertTrue(Files.exists(control));
        List<Arca> monitors = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) monitors.add(Arca.start("monitor", "--control", control.toString()));
            List<Arca> serving = new ArrayList<>();
            for (Arca monitor : monitors) if (isReady(monitor)) serving.add(monitor);
            assertEquals(1, serving.size());
            for (Arca monitor : monitors) if (!serving.contains(monitor)) assertEquals(1, monitor.status());
            ArcaSession.connect(control).close();
        } finally {
            for (Arca monitor : monitors) monitor.close();
        }
    }

    private static boolean isReady(Arca monitor) throws InterruptedException {
        try {
            monitor.awaitErr("ready: ");
            return true;
        } catch (AssertionError e) {
            assertTrue(e.getMessage().contains(": another monitor runs here: stop it"), e.getMessage());
            return false;
        }
    }

    /** The guest's user is the monitor's own: what it can do is told, and what the kernel can keep from it is kept. */
    @Test
    void guestOfTheMonitorsOwnUserIsWarnedOfAndCannotLookInside() throws Exception {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can become another user");
        int uid = 1_000_000 + (int) ProcessHandle.current().pid() % 1_000_000;
        Files.setAttribute(folder, "unix:uid", uid);
        List<String> user = List.of(
                "setpriv", "--reuid=" + uid, "--regid=" + uid, "--clear-groups", "sh", "-c", """
                        cd "$0" && exec "$@"
                        """, folder.toString());
        List<String> command = new ArrayList<>(user);
        command.addAll(List.of(ARCA.toString(), "monitor", "--control", "control"));
        try (Arca monitor = Arca.run(Map.of(), command)) {
            monitor.awaitErr("ready: ");
            String proc = "/proc/" + monitor.child().pid();
            for (String look : List.of("ls " + proc + "/fd", "head -c1 " + proc + "/mem", "cat " + proc + "/environ")) {
                List<String> looking = new ArrayList<>(user);
                looking.addAll(List.of("sh", "-c", look));
                ChildJvm.Result result = ChildJvm.run(looking);
                assertTrue(result.output().contains("Permission denied"), look + ": " + result.output());
            }
            List<String> guest = new ArrayList<>(user);
            String connect = "import socket; socket.socket(socket.AF_UNIX).connect('control')";
            guest.addAll(List.of("python3", "-c", connect));
            for (int i = 0; i < 2; i++) assertEquals(0, ChildJvm.run(guest).status());
            String warning = monitor.awaitErr("runs as uid " + uid);
            assertTrue(warning.contains(" WARN g1: pid "), warning);
            monitor.signal("TERM");
            assertFalse(monitor.err().contains("runs as uid"), "once is enough");
            assertEquals(0, monitor.status());
        }
    }

    /** The JVM would open a socket for tools that load code, if it were asked in this way; else SIGQUIT lists threads. */
    @Test
    void nobodyCanLoadCodeIntoTheMonitor() throws Exception {
        try (Arca monitor = Arca.monitor(folder.resolve("control"))) {
            Path asked =
                    Files.createFile(Path.of(".attach_pid" + monitor.child().pid()));
            try {
                monitor.signal("QUIT");
                monitor.awaitErr("Full thread dump");
            } finally {
                Files.delete(asked);
            }
        }
    }
}
