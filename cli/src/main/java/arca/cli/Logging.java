package arca.cli;

import java.io.PrintStream;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.event.Level;
import picocli.CommandLine.Option;

/** The log of a command that runs for long: lines on stderr, each with its time and level. */
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

    /** Sets up the log of a daemon: nobody who logs waits for stderr, and {@link #end} gives the last lines their time. */
    void start() {
        start(level);
        LogWriter stderr = LogWriter.start(STDERR, LogWriter.CAPACITY, Logging::dropped);
        System.setErr(new PrintStream(stderr, false, System.err.charset()));
        writer = Optional.of(stderr);
    }

    /** Sets up the log; slf4j-simple reads its settings once, so this comes before the first logger. */
    static void start(Level level) {
        System.setProperty(SIMPLE_LOGGER + "defaultLogLevel", level.name());
        System.setProperty(SIMPLE_LOGGER + "showDateTime", "true");
        System.setProperty(SIMPLE_LOGGER + "dateTimeFormat", TIME);
        System.setProperty(SIMPLE_LOGGER + "showThreadName", "false");
        System.setProperty(SIMPLE_LOGGER + "showLogName", "false");
    }

    /** Lets the last lines of a daemon's log reach stderr before the process ends; gives up after a second. */
    static void end() {
        try {
            if (writer.isPresent()) writer.get().awaitWritten(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the process is to end now
        }
    }

    /** As slf4j-simple would write it; the logger itself would put it behind lines that came later, or drop it. */
    private static String dropped(long lines) {
        String time = ZonedDateTime.now().format(DateTimeFormatter.ofPattern(TIME, Locale.ROOT));
        return time + " WARN " + lines + " log lines were dropped: nobody read stderr fast enough\n";
    }
}
