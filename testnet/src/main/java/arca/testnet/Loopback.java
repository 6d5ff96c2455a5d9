package arca.testnet;

import arca.bindings.SocketAddress;
import arca.control.Endpoint;
import arca.control.IpAddress;
import arca.testkit.ReservedPorts;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/** Endpoints on a loopback address that no other run of the tests uses. */
public final class Loopback {
    public static final int ADDRESS =
            0x7f010000 | (int) (ProcessHandle.current().pid() & 0xffff);

    private Loopback() {}

    /** Returns an endpoint that only this test uses, and where nothing listens yet. */
    public static Endpoint free() throws IOException {
        InetAddress address = InetAddress.getByAddress(
                ByteBuffer.allocate(Integer.BYTES).putInt(ADDRESS).array());
        return new Endpoint(ADDRESS, ReservedPorts.next(address));
    }

    public static Endpoint of(SocketAddress address) {
        SocketAddress.IPv4 at = (SocketAddress.IPv4) address;
        return new Endpoint(IpAddress.of(at.address().getAddress()), at.port());
    }

    public static SocketAddress of(Endpoint endpoint) {
        return new SocketAddress.IPv4(endpoint.address().ipv4(), endpoint.port());
    }
}
