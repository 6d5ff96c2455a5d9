package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpAddressTest {
    @ParameterizedTest
    @CsvSource({
        "::, ::",
        "0:0:0:0:0:0:0:0, ::",
        "::1, ::1",
        "1::, 1::",
        "2001:db8:0:0:0:0:2:1, 2001:db8::2:1",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "2001:0db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "2001:DB8::A, 2001:db8::a",
        "1:2:3:4:5:6:7::, 1:2:3:4:5:6:7:0",
        "1:2:3:4:5:6:1.2.3.4, 1:2:3:4:5:6:102:304",
        "64:ff9b::10.0.0.1, 64:ff9b::a00:1",
        "::ffff:127.0.0.1, 127.0.0.1",
        "::ffff:7f00:1, 127.0.0.1",
        "0:0:0:0:0:ffff:7f00:1, 127.0.0.1",
        "::127.0.0.1, ::7f00:1",
        "127.0.0.1, 127.0.0.1"
    })
    void textIsPrintedAsRfc5952Says(String text, String canonical) {
        assertEquals(canonical, IpAddress.parse(text).toString());
        assertEquals(IpAddress.parse(text), IpAddress.parse(canonical));
        assertEquals(canonical.indexOf(':') < 0, IpAddress.parse(text).isIpv4());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                ":::",
                "1:",
                ":1",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4::5:6:7:8",
                "1::2::3",
                "::12345",
                "::g",
                "::-1",
                "::+1",
                ":: 1",
                "::1.2.3",
                "::1.2.3.256",
                "1.2.3.4::",
                "1.2.3.4::1.2.3.4",
                "1:2:3:4:5:6:7:1.2.3.4",
                "::1.2.3.4:5",
                "::1%lo",
                "::1/128",
                "[::1]",
                "::\u0661",
                "localhost",
                "1.2.3"
            })
    void anyOtherTextIsRefused(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> IpAddress.parse(text))
                .getMessage();
        assertTrue(message.contains("\""), message);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource(Seeds.SOME)
    void jdkReadsTheSameAddress(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 1000; i++) {
            IpAddress address = new IpAddress(sparse(random), sparse(random));
            assertEquals(address, IpAddress.parse(address.toString()));
            InetAddress jdk = InetAddress.ofLiteral(address.toString());
            assertEquals(address, IpAddress.of(jdk.getAddress()));
            if (!address.isIpv4()) assertEquals(address, IpAddress.parse(jdk.getHostAddress()));
        }
    }

    /** Four groups, half of them zero. */
    private static long sparse(SplittableRandom random) {
        long value = 0;
        for (int i = 0; i < 4; i++) value = value << 16 | (random.nextBoolean() ? 0 : random.nextInt(0x10000));
        return value;
    }
}
