package arca.monitor.guest;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_REUSEADDR;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.SocketAddress;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.Reactor;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * A guest's listening socket and the AcceptRequests that wait on it, first come first served. The kernel's accept is
 * called only while one waits; without one, connections stay in the backlog.
 */
final class Listener implements AutoCloseable {
    private static final int BACKLOG = 4096; // the kernel cuts it to net.core.somaxconn

    private final int id;
    private final Guest guest;
    private final Reactor reactor;
    private final Descriptor socket;
    private final Queue<Integer> waiting = new ArrayDeque<>(1);
    private boolean backlogEmpty; // the backlog was found empty, and an edge is owed

    private Listener(int id, Guest guest, Reactor reactor, Descriptor socket) {
        this.id = id;
        this.guest = guest;
        this.reactor = reactor;
        this.socket = socket;
    }

    /**
     * Makes a socket that listens: socket, SO_REUSEADDR, bind, listen.
     *
     * @param id its number, which stays the caller's to release
     * @throws ErrnoException of any of these calls; nothing is open then
     */
    static Listener open(int id, Guest guest, Reactor reactor, SocketAddress.Inet at) throws ErrnoException {
        Kernel kernel = reactor.kernel();
        Descriptor socket =
                new Descriptor(reactor, check("socket", kernel.socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK)));
        try {
            int fd = socket.fd();
            check("setsockopt", kernel.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1));
            TcpOptions.set(kernel, fd); // what is accepted inherits them
            check("bind", kernel.bind(fd, at));
            check("listen", kernel.listen(fd, BACKLOG));
            Listener listener = new Listener(id, guest, reactor, socket);
            check("epoll_ctl", socket.watch(EPOLLIN, (_, _) -> listener.backlogReady()));
            return listener;
        } catch (Throwable e) {
            socket.close();
            throw e;
        }
    }

    int id() {
        return id;
    }

    /** Has an AcceptRequest wait for its turn, which may be now. */
    void accept(int requestId) {
        waiting.add(requestId);
        acceptConnections();
    }

    /** The backlog may have something. */
    void backlogReady() {
        backlogEmpty = false;
        acceptConnections();
    }

    /**
     * Pairs AcceptRequests that wait with connections that the kernel has. What is needed to hand a connection over is
     * there before it is taken off the backlog, so none is taken that cannot be.
     */
    void acceptConnections() {
        while (!waiting.isEmpty() && guest.mayAccept()) {
            try {
                guest.prepareAccept();
                if (backlogEmpty) return;
                int n = reactor.kernel().accept4(socket.fd());
                if (n == -Errno.EAGAIN) {
                    backlogEmpty = true;
                    reactor.expect(socket, EPOLLIN);
                    return;
                }
                if (n < 0 && isConnectionError(-n)) continue;
                Descriptor connection = new Descriptor(reactor, check("accept4", n));
                guest.incoming(waiting.remove(), id, connection);
            } catch (ErrnoException e) {
                refuseOldest(e.errno());
            }
        }
    }

    /** Errors of a connection that is gone by now, or of the network: accept(2), "RETURN VALUE". */
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
        guest.acceptFailed(waiting.remove(), errno);
    }

    /** Refuses all that wait. */
    void refuse(int errno) {
        while (!waiting.isEmpty()) refuseOldest(errno);
    }

    /** Closes the socket, which resets what is in its backlog, and drops what waits. */
    @Override
    public void close() {
        socket.close();
        waiting.clear();
    }
}
