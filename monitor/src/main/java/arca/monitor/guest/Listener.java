package arca.monitor.guest;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_REUSEADDR;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.Reactor;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Owns a listening socket of a guest, and the AcceptRequests that wait for its connections. The oldest request gets the
 * next connection. While no request waits, connections stay in the kernel's backlog. Loop thread only.
 */
final class Listener implements AutoCloseable {
    private static final int BACKLOG = 4096; // the kernel cuts it to net.core.somaxconn

    private final int id;
    private final Permission permission;
    private final Listeners owner;
    private final Reactor reactor;
    private Descriptor socket; // once it listens
    private final Queue<Integer> waiting = new ArrayDeque<>(1);
    private boolean backlogEmpty; // accept4(2) answered EAGAIN, and no event has come since

    /**
     * Creates a listener that is not open.
     *
     * @param id the listener's id; the caller releases it
     * @param permission what the policy has allowed
     */
    Listener(int id, Permission permission, Listeners owner, Reactor reactor) {
        this.id = id;
        this.permission = permission;
        this.owner = owner;
        this.reactor = reactor;
    }

    /**
     * Opens a socket that listens: socket(2), SO_REUSEADDR, bind(2), listen(2).
     *
     * @return 0, or the {@code -errno} of the first of these calls that failed. Nothing is open then
     */
    int open(SocketAddress.Inet at) {
        Kernel kernel = reactor.kernel();
        int fd = kernel.socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK);
        if (fd < 0) return fd;
        socket = new Descriptor(reactor, fd);
        int n = -1;
        try {
            n = kernel.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
            TcpOptions.set(kernel, fd); // connections inherit the options
            if (n >= 0) n = kernel.bind(fd, at);
            if (n >= 0) n = kernel.listen(fd, BACKLOG);
            if (n >= 0) n = socket.watch(EPOLLIN, (_, _) -> backlogReady());
        } finally {
            if (n < 0) socket.close();
        }
        return n;
    }

    int id() {
        return id;
    }

    /** Returns what the policy has allowed. */
    Permission permission() {
        return permission;
    }

    /** Adds an AcceptRequest, and answers it at once if a connection is in the backlog. */
    void accept(int requestId) {
        waiting.add(requestId);
        acceptConnections();
    }

    /** Accepts what an event has announced: the backlog may hold connections now. */
    void backlogReady() {
        backlogEmpty = false;
        acceptConnections();
    }

    /**
     * Accepts a connection for each request that waits, as long as the backlog has one. Before each accept4(2), what
     * the connection needs is prepared. So the monitor takes no connection that it cannot hand over.
     */
    void acceptConnections() {
        while (!waiting.isEmpty() && owner.mayAccept()) {
            int n = owner.prepareAccept();
            if (n == -Errno.EAGAIN) return; // the owner calls again
            if (n >= 0) {
                if (backlogEmpty) return;
                n = reactor.kernel().accept4(socket.fd());
                if (n == -Errno.EAGAIN) {
                    backlogEmpty = true;
                    reactor.expect(socket, EPOLLIN);
                    return;
                }
                if (n < 0 && isConnectionError(-n)) continue;
            }
            if (n < 0) refuseOldest(-n);
            else owner.accepted(waiting.remove(), this, new Descriptor(reactor, n));
        }
    }

    /**
     * Returns whether an error concerns one connection, or the network, and not the listener: accept(2), "RETURN
     * VALUE".
     */
    private static boolean isConnectionError(int errno) {
        return switch (errno) {
            case Errno.ECONNABORTED,
                    Errno.EPROTO,
                    Errno.ENOPROTOOPT,
                    Errno.ENETDOWN,
                    Errno.ENETUNREACH,
                    Errno.EHOSTDOWN,
                    Errno.EHOSTUNREACH,
                    Errno.ENONET,
                    Errno.EOPNOTSUPP -> true;
            default -> false;
        };
    }

    private void refuseOldest(int errno) {
        owner.acceptFailed(waiting.remove(), errno);
    }

    /** Refuses every request that waits. */
    void refuse(int errno) {
        while (!waiting.isEmpty()) refuseOldest(errno);
    }

    /** Closes the socket, and drops the requests that wait. The kernel resets the connections in the backlog. */
    @Override
    public void close() {
        socket.close();
        waiting.clear();
    }
}
