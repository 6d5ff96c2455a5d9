package arca.monitor.guest;

import static arca.bindings.Constants.EPOLLOUT;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_ERROR;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Timer;
import java.util.Optional;

/**
 * A TCP handshake in progress for a guest. It ends with a connection, with an error, or at its deadline. Then it tells
 * the guest. Loop thread only.
 */
final class PendingConnect implements AutoCloseable {
    private final Guest guest;
    private final int requestId;
    private final SocketAddress.Inet to;
    private final Reactor reactor;
    private Descriptor socket; // once it connects
    private final Timer deadline = new Timer(() -> failed(Errno.ETIMEDOUT));

    /** Creates a handshake that has not started. */
    PendingConnect(Guest guest, int requestId, SocketAddress.Inet to, Reactor reactor) {
        this.guest = guest;
        this.requestId = requestId;
        this.to = to;
        this.reactor = reactor;
    }

    /**
     * Starts the handshake. The guest learns of its end after this method has returned.
     *
     * @param timeoutNanos nanoseconds until the handshake fails with ETIMEDOUT
     * @return 0, or the {@code -errno} of socket(2), connect(2) or epoll_ctl(2). Nothing is open then
     */
    int start(long timeoutNanos) {
        Kernel kernel = reactor.kernel();
        int fd = kernel.socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK);
        if (fd < 0) return fd;
        socket = new Descriptor(reactor, fd);
        int n = -1;
        try {
            TcpOptions.set(kernel, fd);
            n = kernel.connect(fd, to);
            if (n == -Errno.EINPROGRESS || n == -Errno.EINTR) n = 0;
            // Not earlier: before connect(2), a socket reports HUP at once.
            if (n >= 0) n = socket.watch(EPOLLOUT, (_, _) -> handshakeEnded());
        } finally {
            if (n < 0) socket.close();
        }
        if (n >= 0) reactor.schedule(deadline, timeoutNanos);
        return n;
    }

    int requestId() {
        return requestId;
    }

    private void handshakeEnded() {
        Kernel kernel = reactor.kernel();
        int error = kernel.getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR); // only once: reading clears it
        if (error == 0 && isSelfConnect(kernel)) error = Errno.ECONNREFUSED;
        if (error != 0) {
            failed(Math.abs(error));
            return;
        }
        reactor.cancel(deadline);
        guest.connected(this, socket);
    }

    /**
     * Returns whether the socket has connected to itself. The kernel may give the socket the port to which it connects,
     * if nobody listens there: TCP simultaneous open, RFC 9293, 3.5.
     */
    private boolean isSelfConnect(Kernel kernel) {
        Optional<SocketAddress.Inet> local = kernel.getsockname(socket.fd());
        boolean isSamePort = local.isPresent() && local.get().port() == to.port();
        return isSamePort && local.equals(kernel.getpeername(socket.fd()));
    }

    private void failed(int errno) {
        close();
        guest.connectFailed(this, errno);
    }

    /** Ends the handshake without telling the guest. */
    @Override
    public void close() {
        reactor.cancel(deadline);
        socket.close();
    }
}
