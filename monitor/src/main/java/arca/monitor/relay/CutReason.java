package arca.monitor.relay;

import arca.bindings.SocketAddress;
import java.util.Optional;

/** Why the monitor itself has cut a connection, which neither the guest nor the peer had ended. */
public sealed interface CutReason {
    /** {@return the peer; empty if the kernel no longer knows it} */
    Optional<SocketAddress.Inet> peer();

    /**
     * The kernel refused a call that moves bytes, although the connection was sound. A seccomp filter does that, or a fault
     * that nobody foresaw.
     *
     * @param peer see {@link #peer}
     * @param errno the error of the call
     */
    record CallRefused(Optional<SocketAddress.Inet> peer, int errno) implements CutReason {}

    /**
     * The guest had closed the connection, and during the linger time the peer acknowledged nothing.
     *
     * @param peer see {@link #peer}
     * @param bytes how many bytes in TCP's send queue the peer has not acknowledged
     */
    record Unacknowledged(Optional<SocketAddress.Inet> peer, int bytes) implements CutReason {}
}
