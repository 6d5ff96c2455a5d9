package arca.monitor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
}
