package arca.monitor.resolve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FixedResolverTest {
    private static final Resolver NOBODY = name -> {
        throw new UnknownHostException("nobody knows " + name);
    };

    private static FixedResolver parse(String... entries) {
        return FixedResolver.parse(List.of(entries), name -> name.toLowerCase(Locale.ROOT), NOBODY);
    }

    @Test
    void nameHasItsAddressesInTheirOrder() throws Exception {
        FixedResolver resolver =
                parse("A.example=10.0.0.2", "b.example=[::1]", "a.example=::ffff:10.0.0.1", "a.example=2001:db8::1");
        assertEquals(
                List.of(
                        InetAddress.ofLiteral("10.0.0.2"),
                        InetAddress.ofLiteral("10.0.0.1"),
                        InetAddress.ofLiteral("2001:db8::1")),
                resolver.resolve("a.example"));
        assertEquals(List.of(InetAddress.ofLiteral("::1")), resolver.resolve("b.example"));
    }

    @Test
    void anotherResolverIsAskedForOtherNames() {
        String message = assertThrows(
                        UnknownHostException.class, () -> parse("a.example=::1").resolve("c.example"))
                .getMessage();
        assertEquals("nobody knows c.example", message);
    }

    @Test
    void systemKnowsItself() throws Exception {
        assertTrue(Resolver.SYSTEM.resolve("localhost").stream().allMatch(InetAddress::isLoopbackAddress));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a.example          | a.example: an entry is NAME=ADDRESS
            a.example=         | a.example=: "" is not an IPv4 address
            a.example=b        | a.example=b: "b" is a host name, and an IP address is needed here
            a.example=1.2.3    | a.example=1.2.3: "1.2.3" is not an IPv4 address
            a.example=[::1     | a.example=[::1: "[::1" is not an IPv6 address: "[" is not a hexadecimal number
            a.example=1.1.1.1=2 | a.example=1.1.1.1=2: "1=2" is not a number from 0 to 255
            """)
    void anythingElseIsRefused(String entry, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> parse(entry)).getMessage());
    }
}
