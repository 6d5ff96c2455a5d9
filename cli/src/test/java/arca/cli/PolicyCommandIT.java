package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyCommandIT {
    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void write() throws Exception {
        file = folder.resolve("policy.toml");
        Files.writeString(file, """
                [default]
                connect.allow = ["any:443"]
                [guest.agents]
                select.uid = [1001, "root"]
                select.gid = 7
                select.socket = "/run/agents.sock"
                connect.allow = ["*.example.com:443", "127.0.0.1:80"]
                listen.allow = ["any"]
                reason = "ask Ann"
                """);
    }

    private record Outcome(int status, String out, String err) {}

    private static Outcome run(List<String> words) throws Exception {
        try (Arca arca = Arca.start(words.toArray(String[]::new))) {
            String out = arca.out();
            return new Outcome(arca.status(), out, arca.err());
        }
    }

    private Outcome why(String words) throws Exception {
        List<String> all = new ArrayList<>(List.of("policy", "why", file.toString()));
        all.addAll(List.of(words.split(" ")));
        return run(all);
    }

    @Test
    void goodFileIsOneLine() throws Exception {
        String line =
                file + ": [default] 1 rule; [guest.agents] 3 rules, socket /run/agents.sock, uid 1001, uid 0, gid 7\n";
        assertEquals(new Outcome(0, line, ""), run(List.of("policy", "check", file.toString())));
    }

    @Test
    void badFileIsALineForEachError() throws Exception {
        Files.writeString(file, "[default]\nconnect.allow = [\"any:\", \"a..b\"]\nx = 1\n");
        Outcome outcome = run(List.of("policy", "check", file.toString()));
        assertEquals(
                file + ":2:23: any:: \"\" is not a number from 0 to 65535\n" + file
                        + ":2:27: a..b: \"a..b\" has an empty label\n" + file
                        + ":3:1: unknown key \"x\"; known are select, extends, connect, listen, limits, reason, on_reload, mode"
                        + " and group",
                outcome.err());
        assertEquals("", outcome.out());
        assertEquals(1, outcome.status());
    }

    @Test
    void missingFileIsNamed() throws Exception {
        Outcome outcome = run(List.of("policy", "check", folder + "/none.toml"));
        assertEquals(
                new Outcome(1, "", "arca policy check: " + folder + "/none.toml: no such file or directory"), outcome);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            connect 203.1.113.1:443 | 0 | allowed by the rule any:443 (FILE:2:18)
            connect [2600::1]:443 | 0 | allowed by the rule any:443 (FILE:2:18)
            --uid 5 --gid 5 connect 203.1.113.1:80 | 1 | connect to 203.1.113.1:80 denied: no rule allows it; allow it with connect.allow = ["203.1.113.1:80"] in [default]
            --uid 1001 connect 127.0.0.1:80 | 0 | allowed by the rule 127.0.0.1:80 (FILE:7:39)
            --uid root connect 127.0.0.1:80 | 0 | allowed by the rule 127.0.0.1:80 (FILE:7:39)
            --gid 7 connect 127.0.0.1:80 | 0 | allowed by the rule 127.0.0.1:80 (FILE:7:39)
            --socket /run/agents.sock connect 127.0.0.1:80 | 0 | allowed by the rule 127.0.0.1:80 (FILE:7:39)
            --guest agents listen 127.0.0.1:8080 | 0 | allowed by the rule any (FILE:8:17)
            --guest agents connect example.com:443 | 1 | connect to example.com:443 denied: no rule allows it; allow it with connect.allow = ["example.com:443"] in [guest.agents]; ask Ann
            --guest agents connect a.example.com:443 --resolve a.example.com=203.1.113.1 | 0 | allowed by the rule *.example.com:443 (FILE:7:18)\\n203.1.113.1: allowed by the rule *.example.com:443 (FILE:7:18)
            --guest agents connect a.example.com:443 --resolve a.example.com=10.0.0.1 | 1 | allowed by the rule *.example.com:443 (FILE:7:18)\\n10.0.0.1: connect to a.example.com:443 denied: it resolves to 10.0.0.1, and no rule names private addresses; allow it with connect.allow = ["10.0.0.1:443"] in [guest.agents]; ask Ann
            """)
    void whyTellsTheRule(String words, int status, String out) throws Exception {
        String wanted = out.replace("FILE", file.toString()).replace("\\n", "\n") + "\n";
        assertEquals(new Outcome(status, wanted, ""), why(words));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            --guest nobody connect 10.0.0.1:80 | '--guest': the file has no section [guest.nobody]
            --uid no-such-user connect 10.0.0.1:80 | '--uid': the system does not know "no-such-user"
            connect 10.0.0.1 | '10.0.0.1' has no port: write WHERE:PORT
            connect 10.0.0.1:1-2 | '10.0.0.1:1-2' must have one port
            connect 10.0.0.0/8:80 | 10.0.0.0/8:80: "0/8" is not a number from 0 to 255
            listen a.example:80 | a guest listens on an address, not on a host name
            accept 10.0.0.1:80 | "accept" is not one of connect, listen
            connect a.example:80 --resolve a.example | --resolve: a.example: an entry is NAME=ADDRESS
            """)
    void wrongUsageIsNamed(String words, String wanted) throws Exception {
        Outcome outcome = why(words);
        assertEquals(2, outcome.status(), outcome.err());
        assertEquals("", outcome.out());
        assertEquals(true, outcome.err().contains(wanted), outcome.err());
    }
}
