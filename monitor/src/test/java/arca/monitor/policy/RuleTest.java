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
        "0.0.0.0/0, 0.0.0.0/0",
        "::/0, ::/0",
        "::1, ::1",
        "[::1], ::1",
        "[::1]:80, [::1]:80",
        "2001:DB8:0:0:0:0:0:1, 2001:db8::1",
        "2001:db8::/32, 2001:db8::/32",
        "[2001:db8::/32]:80-90, [2001:db8::/32]:80-90",
        "::ffff:10.0.0.1, 10.0.0.1",
        "[::ffff:10.0.0.0/104]:80, 10.0.0.0/8:80",
        "api.example.com, api.example.com",
        "API.Example.COM.:443, api.example.com:443",
        "*.example.com:443, *.example.com:443",
        "localhost:80, localhost:80",
        "my_service:80, my_service:80",
        "b\u00fccher.example, xn--bcher-kva.example",
        "Any:80, any:80",
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
            ''                     | a host name is not empty
            :80                    | a host name is not empty
            *                      | a * can only be the first label
            *:80                   | a * can only be the first label
            a*.example.com         | a * can only be the first label
            a.*.com                | a * can only be the first label
            *.                     | a host name is not empty
            *.*.com                | a * can only be the first label
            a..b                   | "a..b" has an empty label
            .example.com           | ".example.com" has an empty label
            example.com..          | "example.com." has an empty label
            -a.example             | the label "-a" begins or ends with a hyphen
            a b.example            | "a b.example" is not a host name: it has the character U+0020
            a@b.example            | "a@b.example" is not a host name: it has a "@"
            fa\u00df.de             | programs disagree on what U+00DF means
            0x7f.1                 | "0x7f.1" is neither an IPv4 address
            127.0.0.1.             | "127.0.0.1" is neither an IPv4 address
            0177.1                 | "0177.1" is not an IPv4 address
            2130706433             | "2130706433" is not an IPv4 address
            [::1                   | a ] is missing
            [::1]80                | after the ] there is nothing
            [any]:80               | brackets are for IPv6
            [10.0.0.1]:80          | brackets are for IPv6
            ::1%lo                 | "::1%lo" is not an IPv6 address: zones
            1::2::3                | "1::2::3" is not an IPv6 address: it has an empty group
            1:2:3                  | "1:2:3" is not an IPv6 address: it has 3 groups
            ::12345                | "::12345" is not an IPv6 address
            2001:db8::/129         | "129" is not a number from 0 to 128
            2001:db8::1/32         | 2001:db8::1/32 has bits beyond its prefix: write 2001:db8::/32
            any,10.0.0.1           | lists are not supported
            any:80,443             | lists are not supported
            any:https              | "https" is not a port: the names of services are not supported
            192.0.2                | "192.0.2" is not an IPv4 address
            192.0.2.1.5            | "192.0.2.1.5" is not an IPv4 address
            any/8                  | "any" is a host name, and an IP address is needed here
            192.0.2.256            | "256" is not a number from 0 to 255
            192.0.2.01             | "01" is not a number from 0 to 255
            192.0.2.-1             | the label "-1" begins
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
            any:99999999999        | "99999999999" is not a number from 0 to 65535
            any:80-                | "" is not a number from 0 to 65535
            any:-80                | "" is not a number from 0 to 65535
            any:80-90-100          | "90-100" is not a number from 0 to 65535
            any:90-80              | ports run upward, so 80-90
            any:80:90              | "any:80:90" is not an IPv6 address
            ' any'                 | " any" is not a host name: it has the character U+0020
            """)
    void anyOtherTextIsRefusedWithWhatIsWrong(String text, String wrong) {
        String message =
                assertThrows(RuleSyntaxException.class, () -> Rule.parse(text)).getMessage();
        assertTrue(message.startsWith(text + ": " + wrong), message);
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
        assertEquals(
                new Decision.Allowed(Rule.parse("127.0.0.1")),
                some.decide(Operation.LISTEN, Endpoint.parse("127.0.0.1:8080")));
    }
}
