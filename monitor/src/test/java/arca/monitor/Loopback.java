package arca.monitor;

import static arca.bindings.Constants.AF_INET;
import static arca.bindings.Constants.SOCK_STREAM;

import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.control.Endpoint;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Endpoints of loopback, on an address that no other run of the tests uses: a port that is free here stays free. */
final class Loopback {
    static final int ADDRESS = 0x7f010000 | (int) (ProcessHandle.current().pid() & 0xffff);

    private Loopback() {}

    /** An endpoint where nobody listens: to be refused at, or to listen at. */
    static Endpoint free() throws IOException {
        try (Fd socket = Sockets.open(AF_INET, SOCK_STREAM)) {
            Sockets.bind(socket, new SocketAddress.IPv4(ADDRESS, 0));
            return of(Sockets.localAddress(socket));
        }
    }

    static Endpoint of(SocketAddress address) {
        SocketAddress.IPv4 at = (SocketAddress.IPv4) address;
        return new Endpoint(ByteBuffer.wrap(at.address().getAddress()).getInt(), at.port());
    }

    static SocketAddress of(Endpoint endpoint) {
        return new SocketAddress.IPv4(endpoint.address(), endpoint.port());
    }
}
