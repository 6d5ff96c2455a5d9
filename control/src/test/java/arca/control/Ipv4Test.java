package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class Ipv4Test {
    @Test
    void firstOctetIsTheHighestByte() {
        assertEquals(0x7f000001, Ipv4.parse("127.0.0.1"));
        assertEquals(0xff020304, Ipv4.parse("255.2.3.4"));
        assertEquals("255.2.3.4", Ipv4.toString(0xff020304));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource(Seeds.SOME)
    void printedAddressIsParsedToTheSame(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 1000; i++) {
            int address = random.nextInt();
            assertEquals(address, Ipv4.parse(Ipv4.toString(address)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "1", "1.2.3", "1.2.3.4.5", "1.2.3.4.", ".1.2.3.4", "::1", "2130706433"})
    void anythingButFourOctetsIsRefused(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> Ipv4.parse(text))
                .getMessage();
        assertEquals("\"" + text + "\" is not an IPv4 address", message);
    }

    @ParameterizedTest
    @CsvSource({
        "..., ''",
        "1.2.3.256, 256",
        "01.2.3.4, 01",
        "1.2.3.-4, -4",
        "1.2. 3.4, ' 3'",
        "1.2.3.0x4, 0x4",
        "1.2.3.\u0664, \u0664"
    })
    void octetThatIsNoNumberIsNamed(String text, String octet) {
        String message = assertThrows(IllegalArgumentException.class, () -> Ipv4.parse(text))
                .getMessage();
        assertEquals("\"" + octet + "\" is not a number from 0 to 255", message);
    }
}
