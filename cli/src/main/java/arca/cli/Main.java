package arca.cli;

import arca.cli.policy.PolicyFileException;
import arca.cli.policy.SocketAccess;
import arca.control.Endpoint;
import arca.monitor.config.MonitorConfig;
import arca.monitor.policy.Operation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.event.Level;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line: {@code arca COMMAND …}. */
@Command(
        name = "arca",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Gives TCP connections to guests, which are programs without a network of their own.",
        subcommands = {
            DemoCommand.class,
            MonitorCommand.class,
            ConnectCommand.class,
            ListenCommand.class,
            PolicyCommand.class
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  arca demo",
            "  arca monitor --control /run/arca.sock --allow-connect any:443",
            "  arca connect 192.0.2.1:443 --control /run/arca.sock",
            "  arca listen 127.0.0.1:8080 --control /run/arca.sock --exec 'tr a-z A-Z'",
            "  arca policy check /etc/arca/policy.toml",
        })
public final class Main {
    static final int USAGE_WIDTH = 110;

    private static final char UNREADABLE = '\ufffd'; // the JVM puts this in place of bytes that are not UTF-8

    private Main() {}

    /**
     * Runs a command. The exit status is 0 after success, 1 after a failure, 2 after a usage error, and 70 after an uncaught
     * exception in a thread.
     */
    public static void main(String[] args) {
        // Programs read the output, too, so its numbers and dates must not depend on the locale.
        Locale.setDefault(Locale.ROOT);
        Shutdown.onFault();
        int status = run(commandLine(), args);
        Logging.end();
        System.exit(status);
    }

    private static int run(CommandLine commandLine, String[] args) {
        for (String word : args) {
            if (word.indexOf(UNREADABLE) < 0) continue;
            say(commandLine, "'" + word + "' is not UTF-8; arguments and file names must be UTF-8");
            return CommandLine.ExitCode.USAGE;
        }
        int status = commandLine.execute(args);
        if (!System.out.checkError() || status != 0) return status; // a PrintStream does not throw
        say(commandLine, "cannot write to stdout: it is closed, or the disk is full");
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** Returns the command line with all commands and the converters of their option values. */
    static CommandLine commandLine() {
        CommandLine commandLine = new CommandLine(new Main())
                .setExpandAtFiles(false) // @file is not a list of options: they are all on the command line
                .setUsageHelpWidth(USAGE_WIDTH)
                .registerConverter(int.class, Main::count)
                .registerConverter(Size.class, Size::parse)
                .registerConverter(Seconds.class, Seconds::parse)
                .registerConverter(Endpoint.class, Main::endpoint)
                .registerConverter(Path.class, Main::socket)
                .registerConverter(ControlMode.class, ControlMode::parse)
                .registerConverter(GroupPrincipal.class, Main::group)
                .setParameterExceptionHandler(Main::wrongUsage)
                .setExecutionExceptionHandler(Main::failed);
        choice(commandLine, MonitorConfig.Readiness.class);
        choice(commandLine, MonitorConfig.RelayMode.class);
        choice(commandLine, MonitorConfig.Wedge.class);
        choice(commandLine, Level.class);
        choice(commandLine, Operation.class);
        return commandLine;
    }

    private static int count(String text) {
        try {
            int count = Integer.parseInt(text);
            if (count > 0) return count;
        } catch (NumberFormatException e) {
            // Reported below, as 0 is.
        }
        throw new TypeConversionException("\"" + text + "\" is not a whole number from 1 to " + Integer.MAX_VALUE);
    }

    private static Endpoint endpoint(String text) {
        try {
            Endpoint endpoint = Endpoint.parse(text);
            if (endpoint.isIpv4()) return endpoint;
            throw new TypeConversionException(
                    text + ": IPv6 addresses are not supported in revision 1 of the protocol");
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** Converts the path of a control socket. Refuses names with an @: other programs take them for abstract names. */
    static Path socket(String text) {
        if (text.startsWith("@")) {
            throw new TypeConversionException("\"" + text
                    + "\" looks like an abstract name, to which every user could connect: use a path, such as ./"
                    + text);
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new TypeConversionException("\"" + text + "\" is not a valid file name in this locale");
        }
    }

    private static GroupPrincipal group(String text) {
        try {
            return SocketAccess.group(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** Registers a converter for an enum. The user writes its constants in lower case. */
    private static <E extends Enum<E>> void choice(CommandLine commandLine, Class<E> type) {
        commandLine.registerConverter(type, text -> {
            for (E constant : type.getEnumConstants()) if (lowerCase(constant).equals(text)) return constant;
            String choices =
                    Arrays.stream(type.getEnumConstants()).map(Main::lowerCase).collect(Collectors.joining(", "));
            throw new TypeConversionException("\"" + text + "\" is not one of " + choices);
        });
    }

    static String lowerCase(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static int wrongUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String message =
                unknownOption(e, args).or(() -> unmatched(e)).map(Main::unknown).orElse(e.getMessage());
        say(command, message + " (see " + command.getCommandSpec().qualifiedName() + " --help)");
        return CommandLine.ExitCode.USAGE;
    }

    private static Optional<UnmatchedArgumentException> unmatched(ParameterException e) {
        return e instanceof UnmatchedArgumentException unmatched ? Optional.of(unmatched) : Optional.empty();
    }

    /** Finds an option that the command does not have. The word after it, which picocli reports, may be its value. */
    private static Optional<UnmatchedArgumentException> unknownOption(ParameterException e, String[] args) {
        if (e.getArgSpec() == null || !e.getArgSpec().isPositional()) return Optional.empty();
        CommandLine command = e.getCommandLine();
        return Arrays.stream(args)
                .takeWhile(word -> !word.equals("--"))
                .filter(word -> word.startsWith("--"))
                .filter(word -> command.getCommandSpec().findOption(word.split("=", 2)[0]) == null)
                .findFirst()
                .map(word -> new UnmatchedArgumentException(command, List.of(word)));
    }

    /** Makes the message for an unexpected word, with the most similar known word. */
    private static String unknown(UnmatchedArgumentException e) {
        String word = e.getUnmatched().getFirst();
        boolean command = !e.getCommandLine().getSubcommands().isEmpty();
        String what = e.isUnknownOption() ? "unknown option" : command ? "unknown command" : "unexpected argument";
        List<String> meant = e.getSuggestions(); // the most similar first
        return what + " '" + word + "'" + (meant.isEmpty() ? "" : ": did you mean '" + meant.getFirst() + "'?");
    }

    private static int failed(Exception e, CommandLine command, ParseResult parsed) throws Exception {
        if (e instanceof PolicyFileException wrong) {
            wrong.getMessage().lines().forEach(command.getErr()::println);
            command.getErr().flush();
            return CommandLine.ExitCode.SOFTWARE;
        }
        if (!(e instanceof IOException failure)) throw e; // a bug: the report needs its stack trace
        say(command, explained(failure));
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** Returns a message for a failure. */
    static String explained(IOException e) {
        return e instanceof FileSystemException failure ? explained(failure) : e.getMessage();
    }

    /** Makes a message for an exception whose own message is only the name of the file: the class tells what went wrong. */
    private static String explained(FileSystemException e) {
        String reason = switch (e) {
            case NoSuchFileException _ -> "no such file or directory";
            case AccessDeniedException _ -> "permission denied";
            case FileAlreadyExistsException _ -> "already exists";
            case NotDirectoryException _ -> "not a directory";
            case DirectoryNotEmptyException _ -> "the directory is not empty";
            case FileSystemLoopException _ -> "too many symbolic links";
            default -> Optional.ofNullable(e.getReason()).orElse("cannot be read or written");
        };
        return e.getFile() + ": " + reason;
    }

    /** Prints a message as one line. Line ends in it become spaces. */
    private static void say(CommandLine command, String message) {
        CommandSpec spec = command.getCommandSpec();
        // Not "arca connect: connect 192.0.2.1:80: ECONNREFUSED …"
        String who = message.startsWith(spec.name() + " ") ? spec.root().name() : spec.qualifiedName();
        PrintWriter err = command.getErr();
        err.println(who + ": " + message.replaceAll("\\R", " "));
        err.flush();
    }
}
