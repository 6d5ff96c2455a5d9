package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.Child;
import arca.testkit.ChildJvm;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.Year;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

class LoggingTest {
    @TempDir
    Path folder;

    /** Logs a line of each level. */
    static final class Chatty {
        private Chatty() {}

        public static void main(String[] args) {
            CommandLine.populateCommand(new Logging(), args).start();
            var log = LoggerFactory.getLogger(Chatty.class);
            log.error("one {}", 1);
            log.warn("two");
            log.info("three");
            log.debug("four");
            log.trace("five");
            Logging.end();
        }
    }

    private static List<String> log(String... words) throws Exception {
        return log(List.of(), words);
    }

    private static List<String> log(List<String> options, String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "\"$0\" \"$@\" >/dev/null", ChildJvm.java()));
        command.addAll(options);
        command.addAll(ChildJvm.sameClasses());
        command.add(Chatty.class.getName());
        command.addAll(List.of(words));
        return ChildJvm.run(command).output().lines().toList();
    }

    @Test
    void lineOnStderrHasTimeLevelAndMessage() throws Exception {
        List<String> lines = log();
        String time = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d) ";
        assertEquals(3, lines.size(), lines.toString());
        assertTrue(lines.get(0).matches(time + "ERROR one 1"), lines.get(0));
        assertTrue(lines.get(1).matches(time + "WARN two"), lines.get(1));
        assertTrue(lines.get(2).matches(time + "INFO three"), lines.get(2));
    }

    @Test
    void levelIsAChoice() throws Exception {
        assertEquals(5, log("--log-level=TRACE").size());
        assertEquals(1, log("--log-level=ERROR").size());
    }

    /** Thai years are counted from Buddha's death, and Arabic has digits of its own. */
    @ParameterizedTest
    @CsvSource({"th, TH", "ar, EG"})
    void timeIsTheSameInEveryLocale(String language, String country) throws Exception {
        List<String> options = new ArrayList<>(List.of("-Duser.language=" + language, "-Duser.country=" + country));
        options.addAll(ChildJvm.sameClasses());
        String control = folder.resolve("a.sock").toString();
        try (Child monitor = Child.start(ChildJvm.command(options, Main.class, "monitor", "--control", control))) {
            String line = monitor.awaitError("ready: ");
            int year =
                    OffsetDateTime.parse(line.substring(0, line.indexOf(' '))).getYear();
            assertTrue(Math.abs(year - Year.now().getValue()) <= 1, line);
        }
    }
}
