package arca.monitor.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the text is: it is a rule, or an error that tells where in the text. */
class RuleFuzzTest {
    private static final int INPUTS = 250_000; // for each seed
    private static final String[] PARTS = {
        "any",
        "Any",
        "0.0.0.0",
        "10.1.2.3",
        "255.255.255.255",
        "0177.1",
        "0x7f.1",
        "2130706433",
        "::",
        "::1",
        "2001:db8::",
        "fe80::1%lo",
        "::ffff:10.0.0.1",
        "64:ff9b::",
        "1:2:3:4:5:6:7:8",
        "api.example.com",
        "*.example.com",
        "*",
        "localhost",
        "xn--bcher-kva.example",
        "b\u00fccher",
        "fa\u00df.de",
        "a".repeat(63),
        "a".repeat(64),
        ".",
        "..",
        ":",
        "::",
        "/",
        "/0",
        "/8",
        "/32",
        "/128",
        "/129",
        "-",
        "[",
        "]",
        "[::1]",
        ",",
        " ",
        "\t",
        "\n",
        "\0",
        "%",
        "@",
        "_",
        "80",
        "443",
        "0",
        "65535",
        "65536",
        "080",
        "https",
        "8000-8100",
        "\u0661",
        "\uff0e",
        "\u3002",
        "\u2024",
        "\u2100",
        "\ud83d\ude00",
        "\ud83d",
        "\u200d",
        "\u202e"
    };

    static LongStream seeds() {
        return LongStream.concat(LongStream.rangeClosed(1, 3), LongStream.of(System.nanoTime()));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void textIsARuleOrAnErrorWithItsPosition(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int rules = 0;
        for (int i = 0; i < INPUTS; i++) {
            String text = text(random);
            try {
                Rule rule = Rule.parse(text, "here");
                rules++;
                assertEquals(rule, Rule.parse(rule.toString(), "here"), text);
                assertTrue(rule.firstPort() <= rule.lastPort(), text);
            } catch (RuleSyntaxException e) {
                boolean isInside = e.position() >= 0 && e.position() <= text.length();
                assertTrue(isInside, () -> text + ": " + e.position());
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            }
        }
        assertTrue(rules > INPUTS / 100, rules + " rules");
    }

    /** Parts of rules one after another; sometimes with one character that is changed. */
    private static String text(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int parts = random.nextInt(1, 6); parts > 0; parts--) text.append(PARTS[random.nextInt(PARTS.length)]);
        if (random.nextInt(4) == 0) {
            int at = random.nextInt(text.length());
            char c = (char) (random.nextBoolean() ? random.nextInt(0x80) : random.nextInt(0x10000));
            text.setCharAt(at, c);
        }
        return text.toString();
    }
}
