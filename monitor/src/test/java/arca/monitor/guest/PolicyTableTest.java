package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.control.IpAddress;
import arca.control.Reply;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.monitor.config.MonitorConfig;
import arca.monitor.guest.PolicyTable.Row;
import arca.monitor.resolve.Resolver;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testkit.NetworkNamespace;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each row of the table is decided by the policy alone, and by a guest's loop on a network where every address has a listener. */
class PolicyTableTest {
    static Stream<Row> rows() {
        return PolicyTable.rows();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void policyDecides(Row row) {
        assertEquals(row.answer(), row.decide());
    }

    @Test
    void tableHasRowsOfEachKind() {
        List<Row> rows = rows().toList();
        assertTrue(rows.size() >= 120, rows.size() + " rows");
        for (String kind : List.of("NO_RULE", "DENY_RULE", "PROTECTED", "RESOLVES_TO_PROTECTED")) {
            assertTrue(rows.stream().filter(row -> row.answer().equals(kind)).count() > 5, kind);
        }
        assertTrue(rows.stream().filter(row -> !row.isDenied()).count() > 40, "allowed");
    }

    /** This host: a link to the other host, which has every address. */
    private static final String NETWORK = "ip link set lo up; ip link add a0 type veth peer name b0; ip link set a0 up;"
            + " ip addr add 11.0.0.7/24 dev a0; ip -6 addr add 2600::7/64 dev a0 nodad";

    /** The other host. Its shell waits for the link. */
    private static final String OTHER = "echo here; read linked; ip link set lo up; ip link set b0 up;"
            + " ip addr add 11.0.0.1/24 dev b0; ip -6 addr add 2600::1/64 dev b0 nodad;"
            + " ip route add local 0.0.0.0/0 dev lo;"
            + " ip -6 route add local ::/0 dev lo table 7; ip -6 rule add pref 40000 table 7; exec \"$@\"";

    private static final String ROUTES =
            "ip route add default via 11.0.0.1; ip -6 route add default via 2600::1 dev a0";

    private static final int[] PORTS = {443, 80};

    /** Listens on every address, and prints where each connection has come to. */
    static final class Listener {
        private Listener() {}

        public static void main(String[] arguments) throws Exception {
            listen();
            System.out.println("listening");
            System.in.read();
        }

        static void listen() throws Exception {
            for (int port : PORTS) {
                ServerSocket socket = new ServerSocket();
                socket.bind(new InetSocketAddress(InetAddress.ofLiteral("::"), port));
                Thread.ofPlatform().daemon().start(() -> print(socket));
            }
        }

        private static void print(ServerSocket socket) {
            try {
                while (true) {
                    try (Socket accepted = socket.accept()) {
                        String address = IpAddress.of(accepted.getLocalAddress().getAddress())
                                .toString();
                        System.out.println("came to " + address);
                    }
                }
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }

    /** The host with the monitor. */
    static final class Host {
        private Host() {}

        public static void main(String[] arguments) throws Exception {
            List<String> other = new ArrayList<>(List.of("unshare", "--net", "sh", "-ec", OTHER, "sh"));
            other.addAll(ChildJvm.command(Listener.class));
            try (Child child = Child.start(other)) {
                assertEquals("here", child.readLine());
                run("ip link set b0 netns " + child.pid());
                child.writeLine("linked");
                assertEquals("listening", child.readLine());
                run(ROUTES);
                Listener.listen(); // for loopback, and this host's own addresses
                for (Row row : PolicyTable.rows().toList()) check(row, child);
                System.out.println("all rows");
            }
        }

        private static void run(String command) throws Exception {
            ChildJvm.Result result = ChildJvm.run(List.of("sh", "-ec", command));
            assertEquals(0, result.status(), result.output());
        }

        private static void check(Row row, Child other) throws Exception {
            MonitorConfig config = MonitorConfig.builder()
                    .policy(row.policy())
                    .resolver(resolver(row))
                    .build();
            try (DrivenGuest driven = new DrivenGuest(config)) {
                if (row.name().isPresent()) driven.connect(row.name().get(), row.port());
                else driven.connect(row.to().getFirst());
                Reply reply = driven.reply();
                if (row.isDenied()) {
                    assertEquals(new ConnectErr(Errno.EACCES), reply, row::text);
                } else {
                    assertTrue(reply instanceof ConnectOk, () -> row + ": " + reply);
                    boolean isHere = row.answer().startsWith("127.")
                            || row.answer().equals("::1")
                            || PolicyTable.OWN.contains(IpAddress.parse(row.answer()));
                    // The first line that the other host prints is of this connection: it has seen none of a denied
                    // row.
                    if (!isHere) assertEquals("came to " + row.answer(), other.readLine(), row::text);
                }
            }
        }

        private static Resolver resolver(Row row) {
            return name -> {
                assertEquals(row.name().orElseThrow().text(), name);
                return row.to().stream()
                        .map(to -> InetAddress.ofLiteral(to.address().toString()))
                        .toList();
            };
        }
    }

    @Test
    void guestReachesOnlyWhatThePolicyAllows() throws Exception {
        Assumptions.assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
                "only root can connect two namespaces");
        ChildJvm.Result result = ChildJvm.run(NetworkNamespace.command(NETWORK, ChildJvm.command(Host.class)));
        assertEquals(0, result.status(), result.output());
        assertTrue(result.output().contains("all rows"), result.output());
    }
}
