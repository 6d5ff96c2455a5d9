package arca.monitor.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.Endpoint;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuleTest {
    @ParameterizedTest
    @CsvSource({
        "any, any",
        "any:80, any:80",
        "any:80-90, any:80-90",
        "any:0-65535, any",
        "0.0.0.0/0, any",
        "192.0.2.1, 192.0.2.1",
        "192.0.2.1/32, 192.0.2.1",
        "192.0.2.1:0, 192.0.2.1:0",
        "192.0.2.1:65535, 192.0.2.1:65535",
        "192.0.2.0/24:80-80, 192.0.2.0/24:80",
        "128.0.0.0/1, 128.0.0.0/1",
        "255.255.255.255:1-2, 255.255.255.255:1-2"
    })
    void textMeansARule(String text, String canonical) {
        assertEquals(canonical, Rule.parse(text).toString());
        assertEquals(Rule.parse(text), Rule.parse(canonical));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', textBlock = """
            ''                     | "" is not an IPv4 address
            :80                    | "" is not an IPv4 address
            Any                    | "Any" is not an IPv4 address
            *                      | "*" is not an IPv4 address
            localhost:80           | "localhost" is not an IPv4 address
            ::1                    | "" is not an IPv4 address
            [::1]:80               | "[" is not an IPv4 address
            192.0.2                | "192.0.2" is not an IPv4 address
            192.0.2.1.5            | "192.0.2.1.5" is not an IPv4 address
            any/8                  | "any" is not an IPv4 address
            192.0.2.256            | "256" is not a number from 0 to 255
            192.0.2.01             | "01" is not a number from 0 to 255
            192.0.2.-1             | "-1" is not a number from 0 to 255
            192..2.1               | "" is not a number from 0 to 255
            192.0.2.0/33           | "33" is not a number from 0 to 32
            192.0.2.0/             | "" is not a number from 0 to 32
            192.0.2.0/24/24        | "24/24" is not a number from 0 to 32
            192.0.2.0/255.255.255.0 | "255.255.255.0" is not a number from 0 to 32
            192.0.2.1/24           | 192.0.2.1/24 has bits beyond its prefix: write 192.0.2.0/24, or 192.0.2.1 for
            1.0.0.0/0              | 1.0.0.0/0 has bits beyond its prefix: write 0.0.0.0/0, or 1.0.0.0 for
            any:                   | "" is not a number from 0 to 65535
            any:65536              | "65536" is not a number from 0 to 65535
            any:080                | "080" is not a number from 0 to 65535
            any:http               | "http" is not a number from 0 to 65535
            any:99999999999        | "99999999999" is not a number from 0 to 65535
            any:80-                | "" is not a number from 0 to 65535
            any:-80                | "" is not a number from 0 to 65535
            any:80-90-100          | "90-100" is not a number from 0 to 65535
            any:80,443             | "80,443" is not a number from 0 to 65535
            any:90-80              | ports run upward, so 80-90
            any:80:90              | "80:90" is not a number from 0 to 65535
            ' any'                 | " any" is not an IPv4 address
            """)
    void anyOtherTextIsRefusedWithWhatIsWrong(String text, String wrong) {
        String message = assertThrows(IllegalArgumentException.class, () -> Rule.parse(text))
                .getMessage();
        assertTrue(message.startsWith(wrong), message);
        assertRefused(text, rule -> Policy.NOTHING.allowConnect(rule).toString());
        assertRefused(text, rule -> Policy.NOTHING.denyConnect(rule).toString());
        assertRefused(text, rule -> Policy.NOTHING.allowListen(rule).toString());
        assertRefused(text, rule -> Policy.NOTHING.denyListen(rule).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"any:0", "127.0.0.1:0-80", "any:0-65534"})
    void listenRuleNamesNoPortZero(String text) {
        assertRefused(text, rule -> Policy.NOTHING.allowListen(rule).toString());
        assertRefused(text, rule -> Policy.NOTHING.denyListen(rule).toString());
    }

    private static void assertRefused(String rule, UnaryOperator<String> use) {
        String message = assertThrows(IllegalArgumentException.class, () -> use.apply(rule))
                .getMessage();
        assertTrue(message.startsWith(rule + ": "), message);
        assertEquals(1, message.lines().count(), message);
    }

    @Test
    void policyOfRulesLeavesTheOneItCameFromAlone() {
        Policy some = Policy.NOTHING.allowListen("127.0.0.1");
        some.denyListen("any");
        assertEquals(new Decision.Allowed(), some.decide(Operation.LISTEN, Endpoint.parse("127.0.0.1:8080")));
    }
}
