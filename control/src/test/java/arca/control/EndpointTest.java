package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {
    @Test
    void firstOctetIsTheHighestByte() {
        assertEquals("127.0.0.1:8080", new Endpoint(0x7f000001, 8080).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0:0",
                "255.255.255.255:65535",
                "[::1]:80",
                "[2001:db8::8:800:200c:417a]:65535",
                "128.1.2.200:1",
                "10.0.0.255:32768"
            })
    void parsedTextIsPrintedUnchanged(String text) {
        assertEquals(text, Endpoint.parse(text).toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 65536, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void portOutOfRangeIsRefused(int port) {
        assertThrows(IllegalArgumentException.class, () -> new Endpoint(0, port));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                "127.0.0.1",
                "127.0.0.1:",
                ":80",
                "1.2.3:4",
                "1.2.3.4.5:6",
                "1.2.3.256:4",
                "1.2.3.4:65536",
                "01.2.3.4:5",
                "1.2.3.4:080",
                "1.2.3.4:-1",
                "1.2.3.4:+1",
                "1..3.4:5",
                " 1.2.3.4:5",
                "1.2.3.4:5 ",
                "localhost:80",
                "::1:80",
                "[::1]",
                "[::1:80",
                "[1.2.3.4]:80",
                "[::1%1]:80",
                "1.2.3.4:99999999999",
                "1.2.3.\u0664:5"
            })
    void anyOtherTextIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> Endpoint.parse(text));
    }
}
