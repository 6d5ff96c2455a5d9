package arca.monitor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.testkit.ChildJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
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
        List<String> command = new ArrayList<>(List.of(arca.toString()));
        command.addAll(List.of(words));
        Path err = folder.resolve("err");
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectError(err.toFile());
        builder.environment().put("ARCA_JAVA_OPTIONS", javaOptions);
        Process process = builder.start();
        endInTime(process);
        try (InputStream out = process.getInputStream()) {
            process.getOutputStream().close();
            String text = new String(out.readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it runs on");
            return new Outcome(process.pid(), process.exitValue(), text, Files.readString(err));
        } finally {
            process.destroyForcibly();
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
        assertTrue(outcome.err().matches("arca monitor: .*'--darin'.* \\(see arca monitor --help\\)\n"), outcome.err());
        assertEquals(2, outcome.status());
    }

    @Test
    void monitorThatCannotStartIsOneLineAndStatusOne() throws Exception {
        Outcome outcome = run("", ARCA, "monitor", "--control", "/no/such/folder/a.sock");
        assertEquals("", outcome.out());
        assertTrue(outcome.err().matches("arca monitor: .*\n"), outcome.err());
        assertEquals(1, outcome.status());
    }

    @Test
    void processIsTheJvmWithTheCollectorOfASmallHeap() throws Exception {
        Outcome outcome = run("-Xlog:gc=info:stderr:pid", ARCA, "--version");
        assertTrue(outcome.err().startsWith("[" + outcome.pid() + "] Using Serial\n"), outcome.err());
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
        Process process = new ProcessBuilder(
                        "env", "--default-signal=INT", ARCA.toString(), "monitor", "--control", control.toString())
                .start();
        endInTime(process);
        try (BufferedReader err = process.errorReader();
                InputStream out = process.getInputStream()) {
            process.getOutputStream().close();
            assertLogged("INFO ready: guests connect to " + control, err);
            try (ArcaSession guest = ArcaSession.connect(control)) {
                ErrnoException denied =
                        assertThrows(ErrnoException.class, () -> guest.connect(Endpoint.parse("127.0.0.1:80")));
                assertEquals(Errno.EACCES, denied.errno());
                assertLogged(
                        "WARN g1: connect to 127.0.0.1:80 denied: no rule allows it;"
                                + " allow it with --allow-connect 127.0.0.1:80",
                        err);
                signal(signal, process);
                assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it runs on");
            }
            assertEquals(0, process.exitValue());
            assertEquals(0, out.readAllBytes().length);
            assertFalse(Files.exists(control));
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** A read of a process that says nothing has no end but the process's, not even by an interrupt. */
    private static void endInTime(Process process) {
        CompletableFuture.delayedExecutor(40, TimeUnit.SECONDS).execute(process::destroyForcibly);
    }

    /** Waits for a line that ends in a pattern. */
    private static void assertLogged(String pattern, BufferedReader err) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line; (line = err.readLine()) != null; lines.add(line)) {
            if (line.matches(".* " + pattern)) return;
        }
        fail(pattern + " is not in " + lines);
    }

    private static void signal(String name, Process process) throws Exception {
        assertEquals(
                0,
                ChildJvm.run(List.of("kill", "-" + name, Long.toString(process.pid())))
                        .status());
    }
}
