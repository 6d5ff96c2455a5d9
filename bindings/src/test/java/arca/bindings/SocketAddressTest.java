package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.bindings.SocketAddress.IPv4;
import arca.bindings.SocketAddress.IPv6;
import arca.bindings.SocketAddress.Unix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SocketAddressTest {
    static Stream<SocketAddress> addresses() throws Exception {
        byte[] mapped = HexFormat.of().parseHex("00000000000000000000ffff7f000001");
        byte[] linkLocal = HexFormat.of().parseHex("fe800000000000000000000000000001");
        return Stream.of(
                new IPv4(0, 0),
                new IPv4(0x7f000001, 8080),
                new IPv4(0xffffffff, 65535),
                new IPv6(Inet6Address.getByAddress(null, new byte[16], -1), 1),
                new IPv6(Inet6Address.getByAddress(null, mapped, -1), 80),
                new IPv6(Inet6Address.getByAddress(null, linkLocal, 7), 443),
                Unix.path("/run/arca"),
                Unix.path("/" + "p".repeat(106)),
                Unix.path("/tmp/\u00e9t\u00e9"),
                Unix.abstractName(""),
                Unix.abstractName("arca"),
                Unix.abstractName("with\0zero"),
                Unix.abstractName("n".repeat(107)),
                new Unix("", false));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("addresses")
    void addressSurvivesConversionToSockaddrAndBack(SocketAddress address) {
        try (Arena arena = Arena.ofConfined()) {
            assertEquals(address, SocketAddress.of(address.toSockaddr(arena)));
        }
    }

    @Test
    void ipv4IsInNetworkByteOrder() {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = new IPv4(0x0a010203, 0x1f90).toSockaddr(arena).toArray(ValueLayout.JAVA_BYTE);
            assertEquals("02001f900a0102030000000000000000", HexFormat.of().formatHex(bytes));
        }
    }

    @Test
    void unixPathEndsWithAZeroByteAndAbstractNameBeginsWithOne() {
        try (Arena arena = Arena.ofConfined()) {
            byte[] path = Unix.path("/a").toSockaddr(arena).toArray(ValueLayout.JAVA_BYTE);
            assertEquals("01002f6100", HexFormat.of().formatHex(path));
            byte[] name = Unix.abstractName("a").toSockaddr(arena).toArray(ValueLayout.JAVA_BYTE);
            assertEquals("01000061", HexFormat.of().formatHex(name));
        }
    }

    @Test
    void toStringIsTheUsualNotation() throws Exception {
        assertEquals("127.0.0.1:80", new IPv4(0x7f000001, 80).toString());
        assertEquals("[0:0:0:0:0:0:0:1]:80", new IPv6((Inet6Address) Inet6Address.getByName("::1"), 80).toString());
        assertEquals("unix:/run/arca", Unix.path("/run/arca").toString());
        assertEquals("unix:@arca", Unix.abstractName("arca").toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 65536})
    void portOutOfRangeIsRefused(int port) {
        assertThrows(IllegalArgumentException.class, () -> new IPv4(0, port));
    }

    @Test
    void unixNameThatDoesNotFitIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Unix.path("/" + "p".repeat(107)));
        assertThrows(IllegalArgumentException.class, () -> Unix.path("/" + "\u00e9".repeat(54)), "two bytes each");
        assertThrows(IllegalArgumentException.class, () -> Unix.abstractName("n".repeat(108)));
        assertThrows(IllegalArgumentException.class, () -> Unix.path(""));
        assertThrows(IllegalArgumentException.class, () -> Unix.path("/a\0b"));
    }

    @Test
    void malformedSockaddrIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment whole = new IPv4(0, 0).toSockaddr(arena);
            assertThrows(IllegalArgumentException.class, () -> SocketAddress.of(whole.asSlice(0, 8)));
            assertThrows(IllegalArgumentException.class, () -> SocketAddress.of(whole.asSlice(0, 1)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> SocketAddress.of(arena.allocate(16).fill((byte) 99)));
        }
    }
}
