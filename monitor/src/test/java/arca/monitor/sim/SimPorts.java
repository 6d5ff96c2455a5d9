package arca.monitor.sim;

import static arca.bindings.Constants.AF_INET;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The TCP ports of the host, and the sockets that listen on them. */
final class SimPorts {
    /** How many nanoseconds the kernel keeps a local port after a connection that this host has ended first. */
    static final long TIME_WAIT = 60_000_000_000L;

    private static final int FIRST_FREE_PORT = 32768;

    /** Sockets of different families may listen on ports of the same number. */
    private record Port(int family, int number) {
        static Port of(SocketAddress.Inet address) {
            return new Port(address.family(), address.port());
        }
    }

    private final Map<Port, SimTcp> listeners = new LinkedHashMap<>();
    private final Set<SocketAddress.Inet> destinations = new LinkedHashSet<>(); // of all connects
    private final List<Wait> waits = new ArrayList<>();
    private int next = FIRST_FREE_PORT;

    /** A local port in TIME_WAIT, until a time. */
    private record Wait(SocketAddress.Inet to, long end) {}

    /** Binds a socket to an address: bind(2). Returns 0, or {@code -errno}. */
    int bind(SimTcp socket, SocketAddress.Inet address) {
        int n = otherFamily(socket, address);
        if (n == 0 && listeners.containsKey(Port.of(address))) n = -Errno.EADDRINUSE;
        if (n == 0) socket.local = address.port() != 0 ? address : withPort(address, next++);
        return n;
    }

    private static SocketAddress.Inet withPort(SocketAddress.Inet address, int port) {
        return switch (address) {
            case SocketAddress.IPv4 ipv4 -> new SocketAddress.IPv4(ipv4.address(), port);
            case SocketAddress.IPv6 ipv6 -> new SocketAddress.IPv6(ipv6.address(), port);
        };
    }

    /**
     * Returns the error of bind(2) and connect(2) for an address of the wrong family, or 0: net/ipv4/af_inet.c,
     * net/ipv6/af_inet6.c.
     */
    static int otherFamily(SimTcp socket, SocketAddress.Inet address) {
        if (socket.family == address.family()) return 0;
        return socket.family == AF_INET ? -Errno.EAFNOSUPPORT : -Errno.EINVAL;
    }

    /** Makes a socket listen: listen(2). Returns 0, or {@code -errno}. */
    int listen(SimTcp socket) {
        int n = listeners.putIfAbsent(Port.of(socket.local), socket) == null ? 0 : -Errno.EADDRINUSE;
        if (n == 0) socket.listen();
        return n;
    }

    /** Gives a socket that connects the address of loopback and a free port. */
    void bindFree(SimTcp socket) {
        socket.local = SimTcp.loopback(socket.family, next++);
        destinations.add(socket.remote);
    }

    /** Keeps the local port of a connection that has ended. */
    void keep(SimTcp socket, long now) {
        waits.add(new Wait(socket.remote, now + TIME_WAIT));
    }

    /** Returns how many ports are in TIME_WAIT, by destination. */
    Map<SocketAddress.Inet, Integer> inTimeWait(long now) {
        Map<SocketAddress.Inet, Integer> counts = new LinkedHashMap<>();
        for (Wait wait : waits) if (wait.end > now) counts.merge(wait.to, 1, Integer::sum);
        return counts;
    }

    /** Returns where connects went. */
    Set<SocketAddress.Inet> destinations() {
        return destinations;
    }

    /** Returns the listener on a port, whatever its address; null if there is none. */
    SimTcp listener(SocketAddress.Inet address) {
        return listeners.get(Port.of(address));
    }

    /** Frees the port of a listener that is closed. */
    void remove(SimTcp listener) {
        listeners.remove(Port.of(listener.local));
    }

    int listeners() {
        return listeners.size();
    }
}
