package arca.monitor.guest;

import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_KEEPALIVE;
import static arca.bindings.Constants.SO_OOBINLINE;
import static arca.bindings.Constants.TCP_KEEPCNT;
import static arca.bindings.Constants.TCP_KEEPIDLE;
import static arca.bindings.Constants.TCP_KEEPINTVL;
import static arca.bindings.Constants.TCP_NODELAY;
import static arca.bindings.Constants.TCP_NOTSENT_LOWAT;

import arca.monitor.reactor.Kernel;

/** Sets the options that every TCP socket of the monitor has: tcp(7), socket(7). */
final class TcpOptions {
    private static final int IDLE_SECONDS = 120;
    private static final int INTERVAL_SECONDS = 30;
    private static final int PROBES = 6;

    /**
     * Bytes. The kernel would let the send buffer grow to 4 MiB, tcp_wmem[2], for each peer that does not read. Bytes that have
     * been sent do not count, so this does not bound the rate.
     */
    private static final int UNSENT = 256 * 1024;

    private TcpOptions() {}

    /**
     * Sets the options of a socket. TCP must send small writes at once (TCP_NODELAY), urgent bytes must stay in the
     * stream (SO_OOBINLINE), the send buffer must not hold megabytes that were not sent (TCP_NOTSENT_LOWAT), and the kernel must notice a peer that has vanished (keepalive). On a TCP socket, none of
     * these calls fails.
     */
    static void set(Kernel kernel, int socket) {
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, 1);
        kernel.setsockopt(socket, SOL_SOCKET, SO_OOBINLINE, 1);
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT);
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_SECONDS);
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, INTERVAL_SECONDS);
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
        kernel.setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    }
}
