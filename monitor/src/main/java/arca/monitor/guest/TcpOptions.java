package arca.monitor.guest;

import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_KEEPALIVE;
import static arca.bindings.Constants.SO_OOBINLINE;
import static arca.bindings.Constants.TCP_KEEPCNT;
import static arca.bindings.Constants.TCP_KEEPIDLE;
import static arca.bindings.Constants.TCP_KEEPINTVL;
import static arca.bindings.Constants.TCP_NODELAY;

import arca.monitor.reactor.Kernel;

/** The options of every TCP socket here: tcp(7), socket(7). */
final class TcpOptions {
    private static final int IDLE_SECONDS = 120;
    private static final int INTERVAL_SECONDS = 30;
    private static final int PROBES = 6;

    private TcpOptions() {}

    /**
     * Sets them. A relay must not hold small writes back, must have urgent bytes in their place, and must hear in the end
     * of a peer that is gone. None of these fails on a TCP socket.
     */
    static void set(Kernel kernel, int socket) {
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, 1);
        kernel.setsockopt(socket, SOL_SOCKET, SO_OOBINLINE, 1);
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_SECONDS);
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, INTERVAL_SECONDS);
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
        kernel.setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    }
}
