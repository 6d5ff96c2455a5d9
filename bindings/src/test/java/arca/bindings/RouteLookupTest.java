package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import arca.testkit.NetworkNamespace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RouteLookupTest {
    private final Arena arena = Arena.ofConfined();
    private final RouteLookup lookup = new RouteLookup(arena);

    @AfterEach
    void free() {
        arena.close();
    }

    private static SocketAddress address(String text, int port) throws Exception {
        byte[] octets = InetAddress.ofLiteral(text).getAddress();
        return octets.length == 4
                ? new SocketAddress.IPv4((Inet4Address) InetAddress.getByAddress(octets), port)
                : new SocketAddress.IPv6(Inet6Address.getByAddress(null, octets, -1), port);
    }

    private static SocketAddress mapped() throws Exception {
        byte[] octets = HexFormat.of().parseHex("00000000000000000000ffff7f000001");
        return new SocketAddress.IPv6(Inet6Address.getByAddress(null, octets, -1), 80);
    }

    @Test
    void loopbackIsThisHost() throws Exception {
        assertEquals(1, lookup.isLocal(address("127.0.0.1", 80)));
        assertEquals(1, lookup.isLocal(address("127.255.0.9", 80)));
        assertEquals(1, lookup.isLocal(mapped()));
    }

    @Test
    void unixSocketHasNoRoute() {
        SocketAddress unix = SocketAddress.Unix.path("/run/arca.sock");
        assertThrows(IllegalArgumentException.class, () -> lookup.isLocal(unix));
    }

    /** Prints the answer for each {@code ADDRESS,PORT}. */
    static final class Ask {
        private Ask() {}

        public static void main(String[] args) throws Exception {
            try (Arena arena = Arena.ofConfined()) {
                RouteLookup lookup = new RouteLookup(arena);
                for (String each : args) {
                    String[] parts = each.split(",");
                    int n = lookup.isLocal(address(parts[0], Integer.parseInt(parts[1])));
                    System.out.println(each + " " + (n < 0 ? Errno.name(-n) : n));
                }
            }
        }
    }

    private static final String NETWORK = "ip link set lo up; ip tuntap add up0 mode tun; ip link set up0 up;"
            + " ip addr add 203.0.113.7/24 dev up0; ip addr add 203.0.113.8/24 dev up0;"
            + " ip tuntap add down0 mode tun; ip addr add 198.18.0.1/24 dev down0;"
            + " ip route add local 198.51.100.0/24 dev lo; ip route add unreachable 11.0.0.0/24;"
            + " ip route add prohibit 11.0.1.0/24; ip route add blackhole 11.0.2.0/24;"
            + " ip route add anycast 11.0.4.0/24 dev up0; ip route add multicast 11.0.6.0/24 dev up0;"
            + " ip rule add ipproto tcp dport 8080 lookup 100; ip route add local default dev lo table 100;"
            + " ip rule add to 12.0.0.0/8 lookup 101; ip route add local 12.0.0.0/8 dev lo table 101;"
            + " ip rule add uidrange 4711-4711 lookup 100";

    private static void assertAnswers(String setup, List<String> command, String table) throws Exception {
        List<String> rows = table.strip().lines().toList();
        List<String> asked = rows.stream().map(row -> row.split(" ")[0]).toList();
        List<String> words = new ArrayList<>(command);
        words.addAll(ChildJvm.command(Ask.class, asked.toArray(String[]::new)));
        ChildJvm.Result said = ChildJvm.run(NetworkNamespace.command(setup, words));
        assertEquals(rows, said.output().lines().toList());
    }

    @Test
    void answersFollowTheRoutingTables() throws Exception {
        assertAnswers(NETWORK, List.of(), """
                127.0.0.1,80 1
                203.0.113.7,80 1
                203.0.113.8,80 1
                203.0.113.9,80 0
                203.0.113.255,80 0
                198.18.0.1,80 1
                198.51.100.9,80 1
                8.8.8.8,80 0
                8.8.8.8,8080 1
                12.0.0.1,80 1
                11.0.0.1,80 0
                11.0.1.1,80 0
                11.0.2.1,80 EINVAL
                11.0.4.1,80 1
                11.0.6.1,80 0
                224.0.0.1,80 0
                255.255.255.255,80 0
                """);
    }

    /** With ip_nonlocal_bind a program can bind every address, so a trial bind(2) would give a wrong answer. */
    @Test
    void addressThatCanBeBoundMayBeAnotherHosts() throws Exception {
        assertAnswers(NETWORK + "; echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind", List.of(), """
                203.0.113.7,80 1
                203.0.113.9,80 0
                8.8.8.8,80 0
                """);
    }

    /** The child is not root, and a rule gives its user other routes. */
    @Test
    void rulesForTheUserApply() throws Exception {
        List<String> asUser = List.of("setpriv", "--reuid", "4711", "--regid", "4711", "--clear-groups");
        String mayBeUser = "; " + String.join(" ", asUser) + " true";
        assertAnswers(NETWORK + mayBeUser, asUser, "8.8.8.8,80 1\n203.0.113.9,80 1\n");
    }

    @Test
    void answersForIPv6FollowTheRoutingTables() throws Exception {
        assertAnswers(
                "ip link set lo up; ip tuntap add up0 mode tun; ip link set up0 up;"
                        + " ip -6 addr add fd00::1/64 dev up0 nodad; ip -6 route add unreachable fd01::/64;"
                        + " ip -6 route add prohibit fd02::/64",
                List.of(),
                """
                ::1,80 1
                fd00::1,80 1
                fd00::2,80 0
                fd01::1,80 0
                fd02::1,80 0
                2001:db8::1,80 0
                ff02::1,80 0
                """);
    }

    /** Without a free descriptor there is no socket to ask with: the result is an error, not a guess. */
    @Test
    void questionThatCannotBeAskedIsAnErrno() throws Exception {
        List<String> command = new ArrayList<>(List.of("prlimit", "--nofile=256:256"));
        command.addAll(ChildJvm.command(AskWithoutRoom.class));
        assertEquals("1\n" + -Errno.EMFILE + "\n", ChildJvm.run(command).output());
    }

    /** Asks when all descriptors are in use. */
    static final class AskWithoutRoom {
        private AskWithoutRoom() {}

        public static void main(String[] args) throws Exception {
            try (Arena arena = Arena.ofConfined()) {
                RouteLookup lookup = new RouteLookup(arena);
                SocketAddress to = address("127.0.0.1", 80);
                System.out.println(lookup.isLocal(to)); // also loads all classes
                while (Syscalls.eventfd(0, 0) >= 0) continue;
                System.out.println(lookup.isLocal(to));
            }
        }
    }

    // The bytes of an answer.

    @ParameterizedTest(name = "{0}: {2}")
    @CsvSource(delimiter = '|', textBlock = """
            a route to this host           | 1c000000 1800 0000 01000000 00000000 02 20 00 00 ff 02 00 02 00000000 | 2
            a route elsewhere              | 1c000000 1800 0000 01000000 00000000 02 20 00 00 fe 02 00 01 00000000 | 1
            the highest type               | 1c000000 1800 0000 01000000 00000000 02 20 00 00 fe 02 00 ff 00000000 | 255
            ENETUNREACH                    | 14000000 0200 0000 01000000 00000000 9bffffff                         | -101
            nothing                        |                                                                       | -71
            half a header                  | 1c000000 1800 00                                                      | -71
            longer than the bytes received | 1d000000 1800 0000 01000000 00000000 02 20 00 00 ff 02 00 02 00000000 | -71
            longer than any memory         | ffffffff 1800 0000 01000000 00000000 02 20 00 00 ff 02 00 02 00000000 | -71
            a route without its type       | 17000000 1800 0000 01000000 00000000 02 20 00 00 ff 02 00             | -71
            a length of 0                  | 00000000 1800 0000 01000000 00000000 02 20 00 00 ff 02 00 02 00000000 | -71
            an answer to another question  | 1c000000 1800 0000 02000000 00000000 02 20 00 00 ff 02 00 02 00000000 | -71
            another message                | 1c000000 1400 0000 01000000 00000000 02 20 00 00 ff 02 00 02 00000000 | -71
            an error without its number    | 10000000 0200 0000 01000000 00000000                                  | -71
            no error                       | 14000000 0200 0000 01000000 00000000 00000000                         | -71
            an error of the wrong sign     | 14000000 0200 0000 01000000 00000000 65000000                         | -71
            an error out of errno's range  | 14000000 0200 0000 01000000 00000000 00000080                         | -71
            """)
    void answerIsParsed(String name, String hex, int type) {
        byte[] bytes = HexFormat.of().parseHex(hex == null ? "" : hex.replace(" ", ""));
        MemorySegment answer =
                arena.allocate(RouteLookup.MAX_ANSWER, Long.BYTES).fill((byte) -1);
        MemorySegment.copy(bytes, 0, answer, ValueLayout.JAVA_BYTE, 0, bytes.length);
        assertEquals(type, RouteLookup.type(answer, bytes.length));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({"0, -71", "1, 0", "2, 1", "3, 0", "4, 1", "5, 0", "6, 0", "7, 0", "8, 0", "9, -71", "255, -71"})
    void onlyKnownTypesAreAnswers(int type, int isLocal) {
        assertEquals(isLocal, RouteLookup.isLocal(type));
    }

    static LongStream seeds() {
        return LongStream.concat(LongStream.rangeClosed(1, 4), LongStream.of(System.nanoTime()));
    }

    /** Random bytes, most of them close to a valid answer: nothing is thrown, and only a complete answer is accepted. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void malformedAnswerIsRefused(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] good = HexFormat.of().parseHex("1c0000001800000001000000000000000220000fff0200020000000000000000");
        MemorySegment answer = arena.allocate(RouteLookup.MAX_ANSWER, Long.BYTES);
        int refused = 0;
        for (int round = 0; round < 50_000; round++) {
            byte[] bytes = good.clone();
            for (int changes = random.nextInt(4); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            MemorySegment.copy(bytes, 0, answer, ValueLayout.JAVA_BYTE, 0, bytes.length);
            long length = random.nextInt(4) > 0 ? 28 : random.nextInt(bytes.length);
            int type = RouteLookup.type(answer, length);
            assertTrue(type >= -4095 && type <= 255, () -> HexFormat.of().formatHex(bytes) + ": " + type);
            if (length < 20 || bytes[0] == 0 || bytes[8] != 1) assertEquals(-Errno.EPROTO, type);
            if (type >= 0) assertEquals(Byte.toUnsignedInt(bytes[23]), type);
            if (type == -Errno.EPROTO) refused++;
        }
        assertTrue(refused > 5_000 && refused < 45_000, refused + " refused");
    }
}
