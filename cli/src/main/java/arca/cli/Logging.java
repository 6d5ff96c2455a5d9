package arca.cli;

import java.io.PrintStream;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.event.Level;
import picocli.CommandLine.Option;

/** Sets up the log of a long-running command: lines on stderr, each with its time and level. */
final class Logging {
    private static final String SIMPLE_LOGGER = "org.slf4j.simpleLogger.";
    private static final String TIME = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"; // RFC 3339
    private static final int STDERR = 2;
    private static final int END_MILLIS = 1000;

    private static volatile Optional<LogWriter> writer = Optional.empty();

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            description = "Log this level and more severe ones: error, warn, info, debug or trace. Default: info.")
    private Level level = Level.INFO;

    /** Sets up the log of a daemon. No thread that logs waits for stderr; {@link #end} waits for the last lines. */
    void start() {
        start(level);
        LogWriter stderr = LogWriter.start(STDERR, LogWriter.CAPACITY, Logging::dropped);
        System.setErr(new PrintStream(stderr, false, System.err.charset()));
        writer = Optional.of(stderr);
    }

    /** Sets up the log. Must be called before the first logger is made, because slf4j-simple reads its settings only once. */
    static void start(Level level) {
        System.setProperty(SIMPLE_LOGGER + "defaultLogLevel", level.name());
        System.setProperty(SIMPLE_LOGGER + "showDateTime", "true");
        System.setProperty(SIMPLE_LOGGER + "dateTimeFormat", TIME);
        System.setProperty(SIMPLE_LOGGER + "showThreadName", "false");
        System.setProperty(SIMPLE_LOGGER + "showLogName", "false");
    }

    /** Waits until the last lines of a daemon's log are written to stderr, but at most a second. */
    static void end() {
        try {
            if (writer.isPresent()) writer.get().awaitWritten(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the caller ends the process next
        }
    }

    /** Makes a line in the format of slf4j-simple. A logger cannot write it: it would stand behind later lines, or be dropped. */
    private static String dropped(long lines) {
        String time = ZonedDateTime.now().format(DateTimeFormatter.ofPattern(TIME, Locale.ROOT));
        return time + " WARN " + lines + " log lines were dropped: nobody read stderr fast enough\n";
    }
}
