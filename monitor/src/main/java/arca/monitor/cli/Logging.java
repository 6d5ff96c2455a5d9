package arca.monitor.cli;

import org.slf4j.event.Level;
import picocli.CommandLine.Option;

/** The log of a command that runs for long: lines on stderr, each with its time and level. */
final class Logging {
    private static final String SIMPLE_LOGGER = "org.slf4j.simpleLogger.";

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            description = "Log this and what is graver: error, warn, info, debug or trace. Default: info.")
    private Level level = Level.INFO;

    /** Sets the log up; slf4j-simple reads its settings once, so it is done before the first logger is made. */
    void start() {
        start(level);
    }

    static void start(Level level) {
        System.setProperty(SIMPLE_LOGGER + "defaultLogLevel", level.name());
        System.setProperty(SIMPLE_LOGGER + "showDateTime", "true");
        System.setProperty(SIMPLE_LOGGER + "dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
        System.setProperty(SIMPLE_LOGGER + "showThreadName", "false");
        System.setProperty(SIMPLE_LOGGER + "showLogName", "false");
    }
}
