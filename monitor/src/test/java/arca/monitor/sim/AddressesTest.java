package arca.monitor.sim;

import static arca.bindings.Constants.AF_INET;
import static arca.bindings.Constants.AF_INET6;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import arca.testkit.Patience;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares Linux and the simulated kernel: bind, listen, connect and socket names, for IPv4 and IPv6. */
class AddressesTest {
    private static final int STREAM = SOCK_STREAM | SOCK_NONBLOCK;

    /** Returns whether this system has the address ::1. */
    static boolean hasIPv6() {
        try (Kernel linux = new LinuxKernel()) {
            int socket = linux.socket(AF_INET6, STREAM);
            if (socket < 0) return false;
            int n = linux.bind(socket, SimTcp.loopback(AF_INET6, 0));
            linux.close(socket);
            return n == 0;
        }
    }

    private static Kernel kernel(String name, int family) {
        if (name.equals("simulated")) return KernelModelTest.simulated(new World(new SplittableRandom(1)));
        assumeTrue(family == AF_INET || hasIPv6(), "this system has no IPv6 loopback address");
        return new LinuxKernel();
    }

    @ParameterizedTest
    @CsvSource({"Linux, " + AF_INET, "Linux, " + AF_INET6, "simulated, " + AF_INET, "simulated, " + AF_INET6})
    void bothEndsOfAConnectionKnowBothAddresses(String name, int family) {
        try (Kernel kernel = kernel(name, family)) {
            int listener = kernel.socket(family, STREAM);
            assertEquals(0, kernel.bind(listener, SimTcp.loopback(family, 0)));
            assertEquals(0, kernel.listen(listener, 1));
            SocketAddress.Inet server = kernel.getsockname(listener).orElseThrow();
            assertEquals(SimTcp.loopback(family, server.port()), server);
            assertNotEquals(0, server.port());

            int client = kernel.socket(family, STREAM);
            assertEquals(Optional.empty(), kernel.getpeername(client));
            assertEquals(1, kernel.isLocal(server));
            assertEquals(-Errno.EINPROGRESS, kernel.connect(client, server));
            kernel.poll(new int[] {listener}, new int[] {POLLIN}, new int[1], 1, Patience.MILLIS);
            int accepted = kernel.accept4(listener);
            assertTrue(accepted >= 0, () -> Errno.describe(-accepted));

            SocketAddress.Inet from = kernel.getsockname(client).orElseThrow();
            assertEquals(SimTcp.loopback(family, from.port()), from);
            assertEquals(Optional.of(server), kernel.getpeername(client));
            assertEquals(Optional.of(server), kernel.getsockname(accepted));
            assertEquals(Optional.of(from), kernel.getpeername(accepted));
            for (int fd : new int[] {accepted, client, listener}) assertEquals(0, kernel.close(fd));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "Linux, " + AF_INET + ", " + AF_INET6 + ", " + Errno.EAFNOSUPPORT,
        "Linux, " + AF_INET6 + ", " + AF_INET + ", " + Errno.EINVAL,
        "simulated, " + AF_INET + ", " + AF_INET6 + ", " + Errno.EAFNOSUPPORT,
        "simulated, " + AF_INET6 + ", " + AF_INET + ", " + Errno.EINVAL
    })
    void addressOfTheOtherFamilyIsRefused(String name, int family, int other, int errno) {
        try (Kernel kernel = kernel(name, AF_INET6)) {
            int socket = kernel.socket(family, STREAM);
            assertEquals(-errno, kernel.bind(socket, SimTcp.loopback(other, 0)));
            assertEquals(-errno, kernel.connect(socket, SimTcp.loopback(other, 1)));
            assertEquals(0, kernel.close(socket));
        }
    }

    /** Another process may use the port in one of the families. Then the test tries another port. */
    @ParameterizedTest
    @CsvSource({"Linux", "simulated"})
    void bothFamiliesMayListenOnOnePort(String name) throws Exception {
        try (Kernel kernel = kernel(name, AF_INET6)) {
            Patience.await("a port that is free in both families", () -> listensOnOnePort(kernel));
        }
    }

    private static boolean listensOnOnePort(Kernel kernel) {
        int ipv4 = listener(kernel, SimTcp.loopback(AF_INET, 0));
        int port = kernel.getsockname(ipv4).orElseThrow().port();
        int ipv6 = listener(kernel, SimTcp.loopback(AF_INET6, port));
        if (ipv6 >= 0) {
            assertEquals(-Errno.EADDRINUSE, listener(kernel, SimTcp.loopback(AF_INET6, port)));
            assertEquals(0, kernel.close(ipv6));
        }
        assertEquals(0, kernel.close(ipv4));
        return ipv6 >= 0;
    }

    /** Opens a socket that listens. Returns its descriptor, or {@code -errno}. */
    private static int listener(Kernel kernel, SocketAddress.Inet at) {
        int socket = kernel.socket(at.family(), STREAM);
        int n = kernel.bind(socket, at);
        if (n == 0) n = kernel.listen(socket, 1);
        if (n < 0) kernel.close(socket);
        return n < 0 ? n : socket;
    }
}
