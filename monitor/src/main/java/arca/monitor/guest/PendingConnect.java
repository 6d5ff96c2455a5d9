package arca.monitor.guest;

import static arca.bindings.Constants.EPOLLOUT;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_ERROR;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Timer;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * A TCP handshake in progress for a guest. It ends with a connection, with an error, or at its deadline. Then it tells
 * the guest. Loop thread only.
 */
final class PendingConnect implements AutoCloseable {
    private final Connects owner;
    private final GuestAccount account;
    private final int requestId;
    private final Permission permission;
    private final IntConsumer onFailure;
    private final SocketAddress.Inet to;
    private final Reactor reactor;
    private Descriptor socket; // once it connects
    private final Timer deadline = new Timer(this::timedOut);
    private boolean mayHaveConnected; // then the kernel keeps the local port after the close
    private boolean waitsForPipe; // the handshake has succeeded

    /** Creates a handshake that has not started. */
    PendingConnect(
            Connects owner,
            GuestAccount account,
            int requestId,
            Permission permission,
            IntConsumer onFailure,
            Reactor reactor) {
        this.owner = owner;
        this.account = account;
        this.requestId = requestId;
        this.permission = permission;
        this.onFailure = onFailure;
        this.to = Authorizer.address(permission.endpoint());
        this.reactor = reactor;
    }

    /**
     * Starts the handshake. The guest learns of its end after this method has returned.
     *
     * @param timeoutNanos nanoseconds until the handshake fails with ETIMEDOUT
     * @return 0, or {@code -errno}: EADDRNOTAVAIL at the principal's share of the local ports, or the error of socket(2),
     *     connect(2) or epoll_ctl(2). Nothing is open then
     */
    int start(long timeoutNanos) {
        int n = account.takePort(to);
        if (n < 0) return n;
        n = reactor.kernel().socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK);
        if (n < 0) {
            account.givePort(to, false);
            return n;
        }
        socket = new Descriptor(reactor, n);
        n = -1;
        try {
            n = connect();
        } finally {
            if (n < 0) close();
        }
        if (n >= 0) reactor.schedule(deadline, timeoutNanos);
        return n;
    }

    private int connect() {
        TcpOptions.set(reactor.kernel(), socket.fd());
        int n = reactor.kernel().connect(socket.fd(), to);
        if (n < 0 && n != -Errno.EINPROGRESS && n != -Errno.EINTR) return n;
        mayHaveConnected = true;
        // Not earlier: before connect(2), a socket reports HUP at once.
        return socket.watch(EPOLLOUT, (_, _) -> handshakeEnded());
    }

    int requestId() {
        return requestId;
    }

    /** Returns who is told the errno if the handshake fails. */
    IntConsumer onFailure() {
        return onFailure;
    }

    /** Returns what the policy has allowed. */
    Permission permission() {
        return permission;
    }

    /** Returns where the connection goes. */
    SocketAddress.Inet to() {
        return to;
    }

    private void handshakeEnded() {
        Kernel kernel = reactor.kernel();
        int error = kernel.getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR); // only once: reading clears it
        mayHaveConnected = error == 0;
        if (error == 0 && isSelfConnect(kernel)) error = Errno.ECONNREFUSED;
        if (error != 0) {
            failed(Math.abs(error));
            return;
        }
        waitsForPipe = !owner.connected(this, socket);
        if (!waitsForPipe) reactor.cancel(deadline);
    }

    /** Tells the guest again that the handshake has succeeded, if it had no pipe for the connection. */
    void pipeMayBeThere() {
        if (waitsForPipe) handshakeEnded();
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

    private void timedOut() {
        mayHaveConnected = waitsForPipe; // otherwise there was no event
        failed(Errno.ETIMEDOUT);
    }

    private void failed(int errno) {
        close();
        owner.failed(this, errno);
    }

    /** Ends the handshake without telling the guest, and gives back its local port. */
    @Override
    public void close() {
        reactor.cancel(deadline);
        socket.close();
        account.givePort(to, mayHaveConnected);
    }
}
