package arca.benchmarks;

import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.TCP_NODELAY;

import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import java.io.IOException;

/**
 * Both ends of a TCP connection over loopback, without delay.
 *
 * @param ours the end that a relay would have
 * @param peer the other
 */
public record Loopback(Fd ours, Fd peer) implements AutoCloseable {
    /** 127.0.0.1, and any free port. */
    public static final SocketAddress ANY_PORT = new SocketAddress.IPv4(0x7f000001, 0);

    /**
     * Connects the two.
     *
     * @param flags {@code SOCK_NONBLOCK} of the relay's end, or 0; the peer's blocks
     */
    public static Loopback open(int flags) throws IOException {
        try (Fd listener = Sockets.listen(ANY_PORT, 0, 1)) {
            Fd peer = Sockets.connect(Sockets.localAddress(listener));
            Fd ours = Sockets.accept(listener, flags).orElseThrow();
            Sockets.setOption(ours, IPPROTO_TCP, TCP_NODELAY, 1);
            Sockets.setOption(peer, IPPROTO_TCP, TCP_NODELAY, 1);
            return new Loopback(ours, peer);
        }
    }

    @Override
    public void close() {
        ours.close();
        peer.close();
    }
}
