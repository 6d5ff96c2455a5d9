package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.Errno;
import arca.control.Endpoint;
import arca.control.Reply.ConnectErr;
import arca.control.Request.ConnectRequest;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testkit.NetworkNamespace;
import arca.testnet.RawGuest;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A host, in a network namespace, whose guests may connect to port 8080 of {@code any}. They may not connect to the host's
 * own addresses, whatever others do to its ports. No packet leaves the namespace.
 */
class OwnAddressIT {
    private static final String NETWORK = "ip link set lo up; ip tuntap add host0 mode tun; ip link set host0 up;"
            + " ip addr add 11.0.0.7/32 dev host0; ip route add unreachable 11.0.0.0/16";

    private static final Endpoint OWN = Endpoint.parse("11.0.0.7:8080");
    private static final Endpoint STRANGE = Endpoint.parse("11.0.0.9:8080");
    private static final ConnectErr DENIED = new ConnectErr(Errno.EACCES);
    private static final ConnectErr UNREACHABLE = new ConnectErr(Errno.EHOSTUNREACH);

    @BeforeAll
    static void asRoot() throws Exception {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
                "only root can join the namespace of another process");
    }

    private static MonitorProcess start() throws Exception {
        return MonitorProcess.start(NetworkNamespace.command(NETWORK, List.of()), "--allow-connect", "any:8080");
    }

    private static List<String> beside(MonitorProcess monitor, List<String> command) {
        List<String> words = new ArrayList<>(
                List.of("nsenter", "--net", "--target", "" + monitor.proc().pid()));
        words.addAll(command);
        return words;
    }

    private static void run(MonitorProcess monitor, String command) throws Exception {
        ChildJvm.Result result = ChildJvm.run(beside(monitor, List.of("sh", "-c", command)));
        assertEquals(0, result.status(), result.output());
    }

    private static Object connect(RawGuest guest, Endpoint to) throws Exception {
        return guest.answerTo(guest.ask(new ConnectRequest(to)));
    }

    /** Listens on every address of its host, and takes all UDP ports. */
    static final class Hog {
        private Hog() {}

        public static void main(String[] args) throws Exception {
            try (ServerSocketChannel service = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
                service.bind(new InetSocketAddress("0.0.0.0", 8080));
                List<DatagramChannel> ports = new ArrayList<>();
                try {
                    while (true) {
                        ports.add(DatagramChannel.open(StandardProtocolFamily.INET));
                        ports.getLast().bind(new InetSocketAddress("0.0.0.0", 0));
                    }
                } catch (SocketException e) {
                    System.out.println(ports.size() - 1 + " ports taken: " + e.getMessage());
                }
                System.in.read();
            }
        }
    }

    @Test
    void ownAddressIsDeniedWhenNoPortIsLeftToBind() throws Exception {
        try (MonitorProcess monitor = start();
                RawGuest guest = new RawGuest(monitor.control())) {
            assertEquals(DENIED, connect(guest, OWN));
            run(monitor, "echo 40000 40003 >/proc/sys/net/ipv4/ip_local_port_range");
            try (Child hog = Child.start(beside(monitor, ChildJvm.command(Hog.class)))) {
                assertEquals("4 ports taken: Address already in use", hog.readLine());
                assertEquals(DENIED, connect(guest, OWN));
            }
            assertTrue(monitor.child()
                    .awaitError("connect to 11.0.0.7:8080 denied")
                    .contains("no rule names this address of the host itself"));
        }
    }

    @Test
    void othersAreAllowedWhereEveryAddressCanBeBound() throws Exception {
        try (MonitorProcess monitor = start();
                RawGuest guest = new RawGuest(monitor.control())) {
            run(monitor, "echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind");
            assertEquals(DENIED, connect(guest, OWN));
            assertEquals(UNREACHABLE, connect(guest, STRANGE));
        }
    }

    @Test
    void addressIsOwnFromTheMomentTheHostHasIt() throws Exception {
        try (MonitorProcess monitor = start();
                RawGuest guest = new RawGuest(monitor.control())) {
            assertEquals(UNREACHABLE, connect(guest, STRANGE));
            run(monitor, "ip addr add 11.0.0.9/32 dev host0");
            assertEquals(DENIED, connect(guest, STRANGE));
            run(monitor, "ip addr del 11.0.0.9/32 dev host0; ip route add local 11.0.0.8/31 dev lo");
            assertEquals(DENIED, connect(guest, STRANGE));
            run(monitor, "ip route del local 11.0.0.8/31 dev lo");
            assertEquals(UNREACHABLE, connect(guest, STRANGE));
        }
    }

    @Test
    void connectIsDeniedWithTheErrnoOfTheQuestion() throws Exception {
        try (MonitorProcess monitor = start();
                RawGuest guest = new RawGuest(monitor.control())) {
            assertEquals(UNREACHABLE, connect(guest, STRANGE));
            monitor.proc().leaveRoomFor(0);
            assertEquals(new ConnectErr(Errno.EMFILE), connect(guest, OWN));
            monitor.child().awaitError("the kernel does not say whether this is an address of the host itself: EMFILE");
        }
    }
}
