package arca.monitor.cli;

import arca.control.Endpoint;
import arca.monitor.MonitorConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.slf4j.event.Level;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/** The command line: {@code arca COMMAND …}. */
@Command(
        name = "arca",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "TCP for guests that have no network of their own.",
        subcommands = {DemoCommand.class, MonitorCommand.class, ConnectCommand.class, ListenCommand.class},
        footerHeading = "%nExamples:%n",
        footer = {
            "  arca demo",
            "  arca monitor --control /run/arca.sock --allow-connect any:443",
            "  arca connect 192.0.2.1:443 --control /run/arca.sock",
            "  arca listen 127.0.0.1:8080 --control /run/arca.sock --exec 'tr a-z A-Z'",
        })
public final class Main {
    static final int USAGE_WIDTH = 110;

    private Main() {}

    /**
     * Runs a command; the exit status is 0 if it did its work, 1 if it failed, 2 after a usage error, 70 after a fault
     * in one of its threads.
     */
    public static void main(String[] args) {
        // What is printed is for programs, too: a date of 2026 is one everywhere, and digits are 0 to 9.
        Locale.setDefault(Locale.ROOT);
        Shutdown.onFault();
        int status = commandLine().execute(args);
        Logging.end();
        System.exit(status);
    }

    /** The commands and how their words are read, with output and errors to where the process has them. */
    static CommandLine commandLine() {
        CommandLine commandLine = new CommandLine(new Main())
                .setExpandAtFiles(false) // @ begins no option here, and what a command is told is on its line
                .setUsageHelpWidth(USAGE_WIDTH)
                .registerConverter(int.class, Main::count)
                .registerConverter(Size.class, Size::parse)
                .registerConverter(Seconds.class, Seconds::parse)
                .registerConverter(Endpoint.class, Main::endpoint)
                .setParameterExceptionHandler(Main::wrongUsage)
                .setExecutionExceptionHandler(Main::failed);
        choice(commandLine, MonitorConfig.Readiness.class);
        choice(commandLine, MonitorConfig.Relay.class);
        choice(commandLine, MonitorConfig.Wedge.class);
        choice(commandLine, Level.class);
        return commandLine;
    }

    private static int count(String text) {
        try {
            int count = Integer.parseInt(text);
            if (count > 0) return count;
        } catch (NumberFormatException e) {
            // Said below, as for 0.
        }
        throw new TypeConversionException("\"" + text + "\" is not a whole number from 1 to " + Integer.MAX_VALUE);
    }

    private static Endpoint endpoint(String text) {
        try {
            return Endpoint.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** Has the constants of an enum written in lower case. */
    private static <E extends Enum<E>> void choice(CommandLine commandLine, Class<E> type) {
        commandLine.registerConverter(type, text -> {
            for (E constant : type.getEnumConstants()) if (lowerCase(constant).equals(text)) return constant;
            String choices =
                    Arrays.stream(type.getEnumConstants()).map(Main::lowerCase).collect(Collectors.joining(", "));
            throw new TypeConversionException("\"" + text + "\" is none of " + choices);
        });
    }

    static String lowerCase(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static int wrongUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        say(command, e.getMessage() + " (see " + command.getCommandSpec().qualifiedName() + " --help)");
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(Exception e, CommandLine command, ParseResult parsed) throws Exception {
        if (!(e instanceof IOException)) throw e; // a bug, and who reports it needs to see where
        // The message of a FileSystemException is the file, and its class is what went wrong.
        say(
                command,
                e instanceof FileSystemException
                        ? e.getClass().getSimpleName() + ": " + e.getMessage()
                        : e.getMessage());
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** One line, whatever a word of the command line holds. */
    private static void say(CommandLine command, String message) {
        CommandSpec spec = command.getCommandSpec();
        // Not "arca connect: connect 192.0.2.1:80: ECONNREFUSED …"
        String who = message.startsWith(spec.name() + " ") ? spec.root().name() : spec.qualifiedName();
        PrintWriter err = command.getErr();
        err.println(who + ": " + message.replaceAll("\\R", " "));
        err.flush();
    }
}
