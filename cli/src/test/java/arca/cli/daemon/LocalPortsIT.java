package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testkit.NetworkNamespace;
import arca.testnet.HostileGuest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A user opens and ends connections to one destination until he has no local port left. The kernel keeps the ports for a
 * minute, and has few in this network namespace. Another user's guest does not notice.
 */
class LocalPortsIT {
    private static final String ADDRESS =
            "10.9.9.9:8080"; // not on loopback, where the kernel keeps ports only for a second
    private static final String NETWORK = "ip link set lo up; ip addr add 10.9.9.9/32 dev lo;"
            + " echo 40000 40799 >/proc/sys/net/ipv4/ip_local_port_range";
    private static final int SHARE = 800 / 4;
    private static final int HOSTILE = 65534;
    private static final int CONNECTS = 100;

    @TempDir
    private Path folder;

    /** Echoes what each connection sends. */
    static final class Peer {
        private Peer() {}

        public static void main(String[] args) throws Exception {
            try (ServerSocket server = new ServerSocket(Endpoint.parse(ADDRESS).port(), 4096)) {
                System.out.println("listens");
                while (true) echo(server.accept());
            }
        }

        private static void echo(Socket socket) {
            Thread.ofPlatform().daemon().start(() -> {
                try (socket) {
                    socket.getInputStream().transferTo(socket.getOutputStream());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    private static Child startPeer(MonitorProcess monitor) throws Exception {
        List<String> command = new ArrayList<>(
                List.of("nsenter", "--net", "--target", "" + monitor.proc().pid()));
        command.addAll(ChildJvm.command(Peer.class));
        Child peer = Child.start(command);
        assertEquals("listens", peer.readLine());
        return peer;
    }

    @Test
    void localPortsOfOneUserEndAtItsShare() throws Exception {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can become another user");
        Files.setAttribute(folder, "unix:mode", 0755);
        try (MonitorProcess monitor =
                        MonitorProcess.start(NetworkNamespace.command(NETWORK, List.of()), "--allow-connect", ADDRESS);
                Child _ = startPeer(monitor);
                ArcaSession victim = monitor.session();
                Child hostile = HostileGuest.startAs(HOSTILE, monitor.control(), ChildJvm.sameClassesInJars(folder))) {
            String said = hostile.ask("connect-and-end " + ADDRESS);
            assertTrue(said.endsWith(" connections, then EADDRNOTAVAIL (Cannot assign requested address)"), said);
            assertTrue(Integer.parseInt(said.split(" ")[0]) >= SHARE, said);
            Endpoint to = Endpoint.parse(ADDRESS);
            for (int i = 0; i < CONNECTS; i++) {
                try (ArcaStream stream = victim.connect(to)) {
                    stream.outputStream().write(i);
                    assertEquals(i, stream.inputStream().read());
                }
            }
        }
    }
}
