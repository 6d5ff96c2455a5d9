package arca.cli.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.Endpoint;
import arca.monitor.config.ControlPoint;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.Limits;
import arca.monitor.config.Profile;
import arca.monitor.config.Profile.OnReload;
import arca.monitor.policy.Decision;
import arca.monitor.policy.HostName;
import arca.monitor.policy.Operation;
import arca.monitor.policy.Policy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyFileTest {
    private static final Path FILE = Path.of("policy.toml");
    private static final String EXAMPLE = """
            [default]
            connect.allow = ["any:443"]
            connect.deny  = ["203.0.113.0/24"]
            listen.allow  = ["127.0.0.1:8080"]

            [guest.agents]
            select.uid    = [1001, "root"]
            select.socket = "/run/arca/agents.sock"
            mode          = "0660"
            group         = "root"
            extends       = "default"
            connect.allow = ["api.example.com:443", "*.pypi.org:443", "10.1.0.0/16:5432"]
            limits.connections = 500
            limits.guests = 3
            reason        = "ask #agents-net for more hosts"

            [guest.build]
            select.gid    = 2000
            select.socket = ["/run/arca/a.sock", "/run/arca/b.sock"]
            connect.allow = ["10.2.0.0/16"]
            on_reload     = "cut"
            """;

    private static PolicyFile parse(String text) throws PolicyFileException {
        return PolicyFile.parse(FILE, text, Policy.NOTHING, Limits.DEFAULT);
    }

    private static GuestIdentity guest(int uid, int gid, String socket) {
        return new GuestIdentity(7, uid, gid, socket.equals("-") ? Optional.empty() : Optional.of(Path.of(socket)));
    }

    @ParameterizedTest
    @CsvSource({
        "1001, 100, /run/arca.sock, agents",
        "0, 100, /run/arca.sock, agents",
        "0, 100, -, agents",
        "1002, 100, /run/arca.sock, -",
        "1002, 100, /run/arca/agents.sock, agents",
        "1002, 100, /run/x/../arca/agents.sock, agents",
        "1002, 2000, /run/arca.sock, build",
        "1002, 2000, /run/arca/agents.sock, agents",
        "1001, 2000, /run/arca.sock, agents",
        "1001, 100, /run/arca/b.sock, build",
        "1001, 2000, /run/arca/a.sock, build"
    })
    void socketBeatsUserBeatsGroup(int uid, int gid, String socket, String label) throws Exception {
        assertEquals(label, parse(EXAMPLE).of(guest(uid, gid, socket)).label().orElse("-"));
    }

    @Test
    void sectionHasWhatItExtendsToo() throws Exception {
        PolicyFile file = parse(EXAMPLE);
        Profile agents = file.section("agents").orElseThrow();
        assertAllowed("any:443", "policy.toml:2:18", agents, "1.1.1.1:443");
        assertAllowed("10.1.0.0/16:5432", "policy.toml:12:59", agents, "10.1.2.3:5432");
        assertDenied(agents, Operation.CONNECT, "203.0.113.1:443");
        assertAllowed(
                "api.example.com:443",
                "policy.toml:12:18",
                agents.policy().decide(HostName.parse("api.example.com"), 443));
        assertEquals(Optional.of("ask #agents-net for more hosts"), agents.reason());
        assertEquals(OnReload.KEEP, agents.onReload());
        Limits limits = agents.limits().orElseThrow();
        assertEquals(500, limits.connections());
        assertEquals(3, limits.guestsPerUid());
        assertEquals(Limits.DEFAULT.listeners(), limits.listeners());
        Profile build = file.section("build").orElseThrow();
        assertDenied(build, Operation.CONNECT, "1.1.1.1:443");
        assertDenied(build, Operation.LISTEN, "127.0.0.1:8080");
        assertAllowed("10.2.0.0/16", "policy.toml:20:18", build, "10.2.0.1:1");
        assertEquals(OnReload.CUT, build.onReload());
        assertEquals(Optional.empty(), build.reason());
    }

    private static void assertAllowed(String rule, String origin, Profile profile, String to) {
        assertAllowed(rule, origin, profile.policy().decide(Operation.CONNECT, Endpoint.parse(to)));
    }

    private static void assertAllowed(String rule, String origin, Decision decision) {
        // These addresses are not this host's; only the kernel knows, and the policy leaves it open.
        var by = switch (decision) {
            case Decision.Allowed allowed -> allowed.rule();
            case Decision.DeniedIfOwn open -> open.rule();
            case Decision.Denied denied -> throw new AssertionError(denied.toString());
        };
        assertEquals(rule, by.toString());
        assertEquals(origin, by.origin());
    }

    private static void assertDenied(Profile profile, Operation operation, String endpoint) {
        Decision decision = profile.policy().decide(operation, Endpoint.parse(endpoint));
        assertTrue(decision instanceof Decision.Denied, decision::toString);
    }

    @Test
    void socketsHaveTheirAccess() throws Exception {
        List<ControlPoint> sockets = parse(EXAMPLE).sockets();
        assertEquals(
                List.of("/run/arca/agents.sock 660 root", "/run/arca/a.sock 600 -", "/run/arca/b.sock 600 -"),
                sockets.stream().map(PolicyFileTest::words).toList());
    }

    private static String words(ControlPoint point) {
        return point.path() + " " + Integer.toOctalString(point.access().mode()) + " "
                + point.access().group().map(Object::toString).orElse("-");
    }

    @Test
    void rulesOfTheCommandLineBelongToTheDefaultSection() throws Exception {
        Policy flags = Policy.NOTHING.allowConnect("10.9.0.0/16");
        PolicyFile file = PolicyFile.parse(FILE, EXAMPLE, flags, Limits.DEFAULT);
        assertAllowed("10.9.0.0/16", "", file.section("default").orElseThrow(), "10.9.0.1:1");
        assertAllowed("10.9.0.0/16", "", file.section("agents").orElseThrow(), "10.9.0.1:1");
        assertDenied(file.section("build").orElseThrow(), Operation.CONNECT, "10.9.0.1:1");
        PolicyFile none = PolicyFile.parse(FILE, "", flags, Limits.DEFAULT);
        assertAllowed("10.9.0.0/16", "", none.of(guest(1, 1, "-")), "10.9.0.1:1");
    }

    @Test
    void oneLineSaysWhatItSays() throws Exception {
        assertEquals(
                "policy.toml: [default] 3 rules; [guest.agents] 6 rules, socket /run/arca/agents.sock, uid 1001, uid 0,"
                        + " connections 500, guests 3; [guest.build] 1 rule, socket /run/arca/a.sock, socket"
                        + " /run/arca/b.sock, gid 2000",
                parse(EXAMPLE).toString());
    }

    @Test
    void whatHappensOnReloadCanBeSaidForAllSections() throws Exception {
        PolicyFile file = parse("""
                on_reload = "cut"
                [guest.a]
                select.uid = 1
                [guest.b]
                select.uid = 2
                on_reload = "keep"
                """);
        assertEquals(OnReload.CUT, file.of(guest(1, 1, "-")).onReload());
        assertEquals(OnReload.KEEP, file.of(guest(2, 2, "-")).onReload());
        assertEquals(OnReload.CUT, file.of(guest(3, 3, "-")).onReload());
        assertEquals(
                List.of("policy.toml:1:1: on_reload is \"keep\" or \"cut\", not \"drop\""),
                problems("on_reload = \"drop\""));
    }

    @Test
    void sectionsExtendOneAnother() throws Exception {
        PolicyFile file = parse("""
                [guest.c]
                extends = "b"
                select.uid = 3
                [guest.b]
                extends = "a"
                connect.allow = ["10.0.0.2"]
                reason = "b"
                limits.connections = 2
                [guest.a]
                connect.allow = ["10.0.0.1"]
                reason = "a"
                limits.connections = 1
                limits.listeners = 1
                """);
        Profile c = file.of(guest(3, 3, "-"));
        assertAllowed("10.0.0.1", "policy.toml:10:18", c, "10.0.0.1:1");
        assertAllowed("10.0.0.2", "policy.toml:6:18", c, "10.0.0.2:1");
        assertEquals(Optional.of("b"), c.reason());
        assertEquals(2, c.limits().orElseThrow().connections());
        assertEquals(1, c.limits().orElseThrow().listeners());
    }

    private static List<String> problems(String text) {
        PolicyFileException e = assertThrows(PolicyFileException.class, () -> parse(text));
        assertEquals(e.problems().size(), e.getMessage().lines().count());
        return e.getMessage().lines().toList();
    }

    @Test
    void everyErrorIsTold() {
        assertEquals(
                List.of(
                        "policy.toml:2:38: any:80,443: lists are not supported: write a rule for each, such as any:80 and any:443",
                        "policy.toml:3:1: unknown key \"connect.alow\"; known are connect.allow and connect.deny",
                        "policy.toml:4:22: 10.0.0.1/8: 10.0.0.1/8 has bits beyond its prefix: write 10.0.0.0/8, or 10.0.0.1"
                                + " for that address alone",
                        "policy.toml:5:18: a.example:80: host names are for connects alone: a guest listens on an address",
                        "policy.toml:6:1: limits.share is for the whole monitor: use the option --share",
                        "policy.toml:7:1: limits.connections is a whole number from 1 to 2147483647",
                        "policy.toml:8:1: [default] has no \"extends\": it is for all other guests",
                        "policy.toml:9:1: [guest.a] extends \"b\", and there is no such section",
                        "policy.toml:10:15: there is no user \"no-such-user\"",
                        "policy.toml:10:31: the id of a user is 0 to 4294967294, not -1",
                        "policy.toml:12:1: mode and group are for the socket of select.socket, and there is none",
                        "policy.toml:13:1: on_reload is \"keep\" or \"cut\", not \"drop\"",
                        "policy.toml:14:1: here must be a string in quotation marks",
                        "policy.toml:15:1: [guest.c] selects no guest: add select.uid, select.gid or select.socket",
                        "policy.toml:16:1: unknown key \"colour\"; known are select, extends, connect, listen, limits, reason,"
                                + " on_reload, mode and group",
                        "policy.toml:17:1: unknown key \"gest\"; known are [default], [guest.LABEL] and on_reload"),
                problems("""
                        [default]
                        connect.allow = ["any:443",     "any:80,443"]
                        connect.alow = ["any"]
                        connect.deny = [    "10.0.0.1/8"]
                        listen.allow = ["a.example:80"]
                        limits.share = 5
                        limits.connections = 0
                        extends = "a"
                        [guest.a]
                        select.uid = ["no-such-user", -1]
                        extends = "b"
                        mode = "0660"
                        on_reload = "drop"
                        reason = 5
                        [guest.c]
                        colour = "red"
                        [gest.x]
                        """));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            guest.a.select.uid = 1; guest.b.select.uid = 1         | [guest.a] names the user 1, too: only one section can
            guest.a.select.gid = 1; guest.b.select.gid = [2, 1]    | [guest.a] names the group 1, too: only one section can
            guest.a.select.socket = "/a"; guest.b.select.socket = "/x/../a" | [guest.a] names the socket /a, too: only one
            guest.a.select.socket = "a"                            | the path of a socket begins with /: a
            guest.a.select.socket = "@a"                           | the path of a socket begins with /: @a
            guest.a.select.socket = 5                              | here must be a string in quotation marks
            guest.a.select.pid = 5                                 | unknown key "select.pid"; known are select.uid
            guest.a.select.uid = 1.5                               | here must be the number or the name of a user
            guest.a.select.uid = { a = 1 }                         | here must be a number or a name, or a list of them
            guest.a.select.gid = "no-such-group"                   | there is no group "no-such-group"
            guest.a = 5                                            | here must be a table
            guest = 5                                              | here must be a table for each section
            default = 5                                            | here must be a table
            default.connect = 5                                    | here must be allow and deny
            default.connect.allow = "any"                          | here must be a list of rules, such as ["any:443"]
            default.connect.allow = [5]                            | here must be a string in quotation marks
            default.connect.allow = [["any"]]                      | here must be a string in quotation marks
            default.listen.allow = ["any:0"]                       | any:0: port 0 means any free port
            default.limits = 5                                     | here must be limits, such as limits.connections = 500
            default.limits.connections = "5"                       | limits.connections is a whole number
            default.limits.connections = 2147483648                | limits.connections is a whole number
            default.limits.guests_per_uid = 5                      | limits.guests_per_uid is for the whole monitor: use the option --max-guests-per-uid
            default.limits.speed = 5                               | unknown key "limits.speed"; known are connections
            default.reason = "a\\nb"                               | a reason is one line of at most 200 characters
            default.mode = "0660"                                  | [default] has no "mode"
            guest.default.select.uid = 1                           | the label "default" is taken
            guest."a b".select.uid = 1                             | a label has 1 to 32 letters, digits, hyphens
            guest.a.extends = "a"; guest.a.select.uid = 1          | [guest.a] extends itself
            guest.a.mode = "rw"; guest.a.select.socket = "/a"      | "rw" is not an octal mode, such as 0660
            guest.a.mode = "1777"; guest.a.select.socket = "/a"    | "1777" is not an octal mode, such as 0660
            guest.a.group = "no-such-group"; guest.a.select.socket = "/a" | there is no group "no-such-group"
            x = 1; x = 2                                           | x previously defined
            x = = 1                                                | Unexpected '='
            """)
    void errorSaysWhatIsWrong(String lines, String message) {
        List<String> problems = problems(lines.replace("; ", "\n"));
        assertTrue(
                problems.stream()
                        .anyMatch(line -> line.replaceFirst("^policy.toml:\\d+:\\d+: ", "")
                                .startsWith(message)),
                problems::toString);
    }

    @Test
    void circleOfSectionsIsAnError() {
        List<String> problems = problems("""
                guest.a.extends = "b"
                guest.b.extends = "c"
                guest.c.extends = "b"
                guest.a.select.uid = 1
                """);
        assertEquals(1, problems.size(), problems::toString);
        assertTrue(problems.getFirst().contains("extends itself"), problems::toString);
    }

    @Test
    void textThatIsNotUtf8IsAnError(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("p.toml");
        Files.write(file, new byte[] {(byte) 0xff});
        String message = assertThrows(
                        PolicyFileException.class, () -> PolicyFile.read(file, Policy.NOTHING, Limits.DEFAULT))
                .getMessage();
        assertEquals(file + ":1:1: the file is not UTF-8", message);
    }

    /** A file that is damaged anywhere is a policy file, or a list of errors with their lines, and nothing else. */
    @Test
    void damagedFileIsReadOrRefused() {
        SplittableRandom random = new SplittableRandom(1);
        int refused = 0;
        for (int i = 0; i < 2000; i++) {
            StringBuilder text = new StringBuilder(EXAMPLE);
            for (int changes = random.nextInt(1, 4); changes > 0; changes--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.deleteCharAt(at);
                    case 1 -> text.insert(at, "[]\"'={}.#,\n\t\0x\u00e9".charAt(random.nextInt(15)));
                    default -> text.setCharAt(at, (char) random.nextInt(0x80));
                }
            }
            try {
                parse(text.toString());
            } catch (PolicyFileException e) {
                refused++;
                assertTrue(
                        e.getMessage().lines().allMatch(line -> line.matches("policy.toml:\\d+:\\d+: .+")),
                        e::getMessage);
            }
        }
        assertTrue(refused > 500, refused + " refused");
    }
}
