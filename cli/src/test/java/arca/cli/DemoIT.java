package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.Tools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DemoIT {
    private static final Pattern ROW = Pattern.compile(
            "(splice|copy) +(peer to guest|guest to peer) +32\\.0 MiB +[0-9.]+ s +[0-9.]+ [KMG]iB/s +([0-9]+) +([0-9]+) +"
                    + "[0-9.]+ s/GiB");
    private static final Pattern GUEST = Pattern.compile("guest \\(process ([0-9]+)\\)");

    @TempDir
    Path folder;

    /** Where its control socket is to be: what it leaves is seen there. */
    private Map<String, String> environment() {
        return Map.of("ARCA_JAVA_OPTIONS", "-Djava.io.tmpdir=" + folder);
    }

    private void assertNothingLeft(String output) throws Exception {
        Matcher guests = GUEST.matcher(output);
        assertTrue(guests.find(), output);
        do {
            assertFalse(ProcessHandle.of(Long.parseLong(guests.group(1))).isPresent(), "the guest runs on");
        } while (guests.find());
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void inALogItTellsEverythingInFewLines() throws Exception {
        try (Arca demo = Arca.start(environment(), "demo", "--size", "32M")) {
            String output = demo.out();
            String log = demo.err();
            assertEquals(0, demo.status(), output + log);
            assertTrue(output.lines().count() < 60, output);
            assertFalse(output.contains("\r") || output.contains("\u001b"), output);
            Matcher rows = ROW.matcher(output);
            for (int i = 0; i < 4; i++) {
                assertTrue(rows.find(), output);
                assertTrue(Long.parseLong(rows.group(3)) > 0 && Long.parseLong(rows.group(4)) > 0, rows.group());
            }
            assertTrue(
                    output.matches(
                            "(?s).*The guest got: connect 127\\.0\\.0\\.1:\\d+: EACCES \\(Permission denied\\)\\..*"),
                    output);
            assertTrue(
                    log.matches("\\S+ WARN g1: connect to 127\\.0\\.0\\.1:\\d+ denied: .* --allow-connect \\S+"), log);
            assertNothingLeft(output);
        }
    }

    @Test
    void onATerminalALineMovesAlong() throws Exception {
        Tools.assume("script");
        String line = Arca.COMMAND + " demo --size 8M";
        try (Arca demo = Arca.run(environment(), List.of("script", "-qec", line, "/dev/null"))) {
            String output = demo.out();
            assertEquals(0, demo.status(), output);
            assertTrue(output.contains("\r     peer to guest: 100 % of 8.0 MiB"), output);
            assertNothingLeft(output);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void signalInTheMiddleLeavesNothing(String signal) throws Exception {
        // A child inherits ignored signals, and a script's background jobs ignore SIGINT.
        List<String> command =
                List.of("env", "--default-signal=INT", Arca.COMMAND.toString(), "demo", "--size", "100000M");
        try (Arca demo = Arca.run(environment(), command)) {
            StringBuilder output = new StringBuilder();
            while (!output.toString().contains("half-closes"))
                output.append(demo.child().readLine()).append('\n');
            demo.signal(signal);
            assertEquals(signal.equals("INT") ? 130 : 143, demo.status());
            assertEquals("", demo.err());
            assertNothingLeft(output.toString());
        }
    }
}
