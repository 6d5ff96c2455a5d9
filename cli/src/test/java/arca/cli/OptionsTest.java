package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.config.ControlAccess;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.config.MonitorConfig.Readiness;
import arca.monitor.config.MonitorConfig.RelayMode;
import arca.monitor.config.MonitorConfig.Wedge;
import arca.monitor.policy.Policy;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class OptionsTest {
    private static final Pattern DEFAULT = Pattern.compile("Default: (\\S+)\\.$");
    private static final MonitorConfig USUAL =
            MonitorConfig.builder().control(Path.of("/run/a.sock")).build();

    /** How a command that starts nothing ended. */
    private record Outcome(int status, String out, String err) {
        static Outcome of(String... words) {
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            int status = Main.commandLine()
                    .setOut(new PrintWriter(out))
                    .setErr(new PrintWriter(err))
                    .execute(words);
            return new Outcome(status, out.toString(), err.toString());
        }
    }

    /** What {@code arca monitor --control /run/a.sock} and more words ask for, but for the policy, which compares by identity. */
    private static MonitorConfig config(String... more) {
        CommandLine commandLine = Main.commandLine();
        List<String> words = new ArrayList<>(List.of("monitor", "--control", "/run/a.sock"));
        words.addAll(List.of(more));
        commandLine.parseArgs(words.toArray(String[]::new));
        MonitorCommand monitor = commandLine.getSubcommands().get("monitor").getCommand();
        return monitor.config().toBuilder().policy(Policy.NOTHING).build();
    }

    private static Stream<CommandLine> commands(CommandLine from) {
        return Stream.concat(
                Stream.of(from), from.getSubcommands().values().stream().flatMap(OptionsTest::commands));
    }

    @Test
    void everyCommandAndOptionIsDescribed() {
        List<CommandLine> commands = commands(Main.commandLine()).toList();
        assertTrue(commands.size() > 1, "no subcommands");
        for (CommandLine command : commands) {
            String name = command.getCommandSpec().qualifiedName();
            assertTrue(command.getCommandSpec().usageMessage().description().length > 0, name);
            assertTrue(command.getCommandSpec().usageMessage().footer().length > 0, name + " has no example");
            for (OptionSpec option : command.getCommandSpec().options()) {
                assertTrue(String.join("", option.description()).length() > 10, name + " " + option.longestName());
            }
        }
    }

    @Test
    void withoutOptionsItIsTheDefault() {
        assertEquals(USUAL, config());
    }

    @Test
    void helpSaysTheTrueDefaults() {
        int seen = 0;
        CommandLine monitor = Main.commandLine().getSubcommands().get("monitor");
        for (OptionSpec option : monitor.getCommandSpec().options()) {
            String rendered = option.description()[0].replace("${DEFAULT-VALUE}", option.defaultValueString());
            Matcher said = DEFAULT.matcher(rendered);
            if (!said.find()) continue;
            assertEquals(USUAL, config(option.longestName(), said.group(1)), option.longestName());
            seen++;
        }
        assertEquals(17, seen);
    }

    static Stream<Arguments> settings() {
        return Stream.of(
                Arguments.of("--control-mode 0666", with(b -> b.access(new ControlAccess(0666, Optional.empty())))),
                Arguments.of("--control-mode 660", with(b -> b.access(new ControlAccess(0660, Optional.empty())))),
                Arguments.of(
                        "--control-group 0", with(b -> b.access(new ControlAccess(0660, Optional.of(group("0")))))),
                Arguments.of(
                        "--control-group 0 --control-mode 0060",
                        with(b -> b.access(new ControlAccess(0060, Optional.of(group("0")))))),
                Arguments.of("--readiness poll", with(b -> b.readiness(Readiness.POLL))),
                Arguments.of("--relay copy", with(b -> b.relay(RelayMode.COPY))),
                Arguments.of("--relay=copy", with(b -> b.relay(RelayMode.COPY))),
                Arguments.of("--wedge kill", with(b -> b.wedge(Wedge.KILL))),
                Arguments.of("--pipe-size 65536", with(b -> b.pipeSize(65536))),
                Arguments.of("--pipe-size 64K", with(b -> b.pipeSize(65536))),
                Arguments.of("--pipe-size 64k", with(b -> b.pipeSize(65536))),
                Arguments.of("--pipe-size 1M", with(b -> b.pipeSize(1 << 20))),
                Arguments.of("--connect-timeout 5", with(b -> b.connectTimeout(Duration.ofSeconds(5)))),
                Arguments.of("--connect-timeout 0.25", with(b -> b.connectTimeout(Duration.ofMillis(250)))),
                Arguments.of("--linger 0", with(b -> b.linger(Duration.ZERO))),
                Arguments.of("--linger 600", with(b -> b.linger(Duration.ofMinutes(10)))),
                Arguments.of("--drain 0", with(b -> b.drain(Duration.ZERO))),
                Arguments.of("--drain 0.000000001", with(b -> b.drain(Duration.ofNanos(1)))),
                Arguments.of("--max-connections 1", limits(b -> b.connections(1))),
                Arguments.of("--max-listeners 1", limits(b -> b.listeners(1))),
                Arguments.of("--max-waiting-accepts 1", limits(b -> b.waitingAccepts(1))),
                Arguments.of("--max-connecting 1", limits(b -> b.connecting(1))),
                Arguments.of("--max-guests 1", limits(b -> b.guests(1))),
                Arguments.of("--max-guests-per-uid 1", limits(b -> b.guestsPerUid(1))),
                Arguments.of("--pipe-memory 4096M", limits(b -> b.pipeMemory(1L << 32))),
                Arguments.of("--pipe-memory 0", USUAL),
                Arguments.of("--copy-memory 1M", limits(b -> b.copyMemory(1 << 20))),
                Arguments.of("--request-rate 1000", limits(b -> b.requestRate(1000))),
                Arguments.of("--share 50", limits(b -> b.share(50))),
                Arguments.of("--log-level trace", USUAL));
    }

    private static GroupPrincipal group(String name) {
        try {
            return FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByGroupName(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static MonitorConfig with(UnaryOperator<MonitorConfig.Builder> change) {
        return change.apply(USUAL.toBuilder()).build();
    }

    private static MonitorConfig limits(UnaryOperator<Limits.Builder> change) {
        return with(b -> b.limits(change.apply(Limits.builder()).build()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("settings")
    void optionSetsItsOwnPart(String words, MonitorConfig expected) {
        assertEquals(expected, config(words.split(" ")));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            --allow-connect any/8               | any/8: "any" is a host name
            --allow-connect any --allow-connect | --allow-connect
            --deny-connect any:99999            | --deny-connect any:99999: "99999" is not a number from 0 to 65535
            --allow-listen localhost            | --allow-listen localhost: host names are for connects alone
            --allow-listen any:0                | --allow-listen any:0: port 0 means any free port
            --deny-listen 10.0.0.1/8            | --deny-listen 10.0.0.1/8: 10.0.0.1/8 has bits beyond its prefix
            --readiness select                  | '--readiness': "select" is not one of epoll, poll
            --readiness EPOLL                   | '--readiness': "EPOLL" is not one of epoll, poll
            --relay sendfile                    | '--relay': "sendfile" is not one of splice, copy
            --wedge ignore                      | '--wedge': "ignore" is not one of report, kill
            --log-level loud                    | '--log-level': "loud" is not one of error, warn, info
            --pipe-size big                     | '--pipe-size': "big" is not a number of bytes, such as
            --pipe-size 64KB                    | '--pipe-size': "64KB" is not a number of bytes, such as
            --pipe-size -1                      | '--pipe-size': "-1" is not a number of bytes, such as
            --pipe-size 4095                    | --pipe-size: a pipe has 4096 bytes to 1024 MiB
            --pipe-size 4096M                   | --pipe-size: a pipe has 4096 bytes to 1024 MiB
            --pipe-memory 1G                    | '--pipe-memory': "1G" is not a number of bytes
            --connect-timeout soon              | '--connect-timeout': "soon" is not a number of seconds
            --connect-timeout 0                 | --connect-timeout: a handshake may take more than 0 seconds
            --linger 86401                      | --linger: the linger time is 0 seconds to a day
            --drain 1.                          | '--drain': "1." is not a number of seconds, such as
            --drain -1                          | '--drain': "-1" is not a number of seconds, such as
            --drain 86400.1                     | --drain: connections may go on for 0 seconds to a day
            --share 101                         | --share: a share is 1 to 100 percent, not 101
            --max-connections 0                 | '--max-connections': "0" is not a whole number from 1
            --max-listeners -1                  | '--max-listeners': "-1" is not a whole number from 1
            --max-waiting-accepts x             | '--max-waiting-accepts': "x" is not a whole number
            --max-connecting 1.5                | '--max-connecting': "1.5" is not a whole number
            --max-guests 1K                     | '--max-guests': "1K" is not a whole number
            --max-guests-per-uid 2147483648     | '--max-guests-per-uid': "2147483648" is not a whole number
            --drain                             | '--drain' (SECONDS)
            --drain 1 --drain 2                 | '--drain' (SECONDS) should be specified only once
            --darin 1                           | unknown option '--darin'
            --allow-conect any                  | unknown option '--allow-conect': did you mean '--allow-connect'?
            --control-mode 0888                 | '--control-mode': "0888" is not an octal mode, such as 0660
            --control-mode 1777                 | '--control-mode': "1777" is not an octal mode, such as 0660
            --control-mode rw                   | '--control-mode': "rw" is not an octal mode, such as 0660
            --control-group no-such-group       | '--control-group': there is no group "no-such-group"
            --control-group -1                  | '--control-group': there is no group "-1"
            --control /run/b.sock               | '--control' (PATH) should be specified only once
            --drain --wedge kill                | Expected parameter for option '--drain' but found
            extra                               | 'extra'
            @file                               | '@file'
            """)
    void wrongWordIsOneLineThatNamesIt(String words, String wanted) {
        String[] all = ("monitor --control /run/a.sock " + words).split(" ");
        assertRefused(Outcome.of(all), "arca monitor", wanted);
    }

    @Test
    void whatIsMissingIsNamed() {
        assertRefused(Outcome.of("monitor"), "arca monitor", "'--control=PATH'");
        assertRefused(Outcome.of("monitor", "--control"), "arca monitor", "'--control' (PATH)");
        assertRefused(Outcome.of("connect", "--control", "a"), "arca connect", "'ADDRESS:PORT'");
        assertRefused(
                Outcome.of("connect", "127.0.0.1", "--control", "a"), "arca connect", "ADDRESS:PORT, not 127.0.0.1");
        assertRefused(
                Outcome.of("connect", "localhost:80", "--control", "a"),
                "arca connect",
                "\"localhost\" is a host name, and an IP address is needed here");
        assertRefused(
                Outcome.of("connect", "[::1]:80", "--control", "a"),
                "arca connect",
                "IPv6 addresses are not supported");
        assertRefused(
                Outcome.of("connect", "127.0.0.1:9", "--control", ""),
                "arca connect",
                "--control: the path of a Unix socket must not be empty");
        assertRefused(Outcome.of("listen", "127.0.0.1:99999", "--control", "a"), "arca listen", "\"99999\"");
        assertRefused(Outcome.of("listen", "127.0.0.1:0", "--control", "a"), "arca listen", "port 0 is not supported");
        assertRefused(
                Outcome.of("listen", "127.0.0.1:9", "--control", "a", "--max-commands", "0"), "arca listen", "\"0\"");
        assertRefused(Outcome.of("connect", "127.0.0.1:9", "-w", "soon"), "arca connect", "\"soon\"");
        assertRefused(Outcome.of("connect", "127.0.0.1:9", "-w", "0.0"), "arca connect", "'--wait': 0 is too short");
        assertRefused(
                Outcome.of("listen", "127.0.0.1:9", "--control", "a", "--max-commands", "64"),
                "arca listen",
                "'--max-commands' needs '--exec'");
        assertRefused(
                Outcome.of("listen", "127.0.0.1:9", "--control", "a", "--exec", "cat", "-d"),
                "arca listen",
                "'--recv-only' cannot be used with '--exec'");
        assertRefused(
                Outcome.of("connect", "--contol", "a", "127.0.0.1:9"),
                "arca connect",
                "unknown option '--contol': did you mean '--control'?");
        assertRefused(
                Outcome.of("listen", "--contol=a", "127.0.0.1"),
                "arca listen",
                "unknown option '--contol=a': did you mean '--control'?");
        assertRefused(Outcome.of("connect", "--control=a", "--", "--contol"), "arca connect", "not --contol");
        assertRefused(
                Outcome.of("listen", "127.0.0.1:9", "--control", "a", "--exec"), "arca listen", "'--exec' (COMMAND)");
        assertRefused(Outcome.of("demo", "--size", "1G"), "arca demo", "\"1G\" is not a number of bytes");
        assertRefused(Outcome.of("demo", "now"), "arca demo", "'now'");
        assertRefused(Outcome.of("monitor", "--control", ""), "arca monitor", "--control: a control socket has a path");
        assertRefused(Outcome.of(), "arca", "subcommand");
        assertRefused(Outcome.of("moniter"), "arca", "unknown command 'moniter': did you mean 'monitor'?");
        assertRefused(
                Outcome.of("monitor", "--control", "@name"), "arca monitor", "\"@name\" looks like an abstract name");
        assertRefused(Outcome.of("monitor", "--control", "a", "two\nlines"), "arca monitor", "'two lines'");
    }

    private static void assertRefused(Outcome outcome, String command, String wanted) {
        assertEquals("", outcome.out());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertTrue(outcome.err().startsWith(command + ": "), outcome.err());
        assertTrue(outcome.err().contains(wanted), outcome.err());
        assertTrue(outcome.err().endsWith(" (see " + command + " --help)\n"), outcome.err());
        assertEquals(2, outcome.status());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "--version",
                "monitor --help",
                "monitor --version",
                "demo --help",
                "connect --help",
                "listen --help"
            })
    void helpAndVersionAreOutputAndNoError(String words) {
        Outcome outcome = Outcome.of(words.split(" "));
        assertEquals(0, outcome.status());
        assertEquals("", outcome.err());
        assertFalse(outcome.out().isBlank());
        outcome.out().lines().forEach(line -> assertTrue(line.length() <= Main.USAGE_WIDTH, line));
    }

    @Test
    void monitorThatCannotStartIsOneLine() {
        Outcome outcome = Outcome.of("monitor", "--control", "/no/such/folder/a.sock");
        assertEquals("", outcome.out());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertTrue(outcome.err().startsWith("arca monitor: "), outcome.err());
        assertEquals(1, outcome.status());
    }
}
