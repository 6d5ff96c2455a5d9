package arca.bindings;

import static arca.bindings.Constants.AF_UNIX;
import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.SOCK_CLOEXEC;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_ERROR;
import static arca.bindings.Constants.SO_KEEPALIVE;
import static arca.bindings.Constants.SO_PEERCRED;
import static arca.bindings.Constants.SO_PEERPIDFD;
import static arca.bindings.Constants.SO_REUSEADDR;
import static arca.bindings.Constants.TCP_KEEPCNT;
import static arca.bindings.Constants.TCP_KEEPIDLE;
import static arca.bindings.Constants.TCP_KEEPINTVL;
import static arca.bindings.ErrnoException.check;

import arca.bindings.generated.ucred;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * Creates, connects and configures sockets, as descriptors with an owner: socket(7), tcp(7), unix(7). {@link Syscalls}
 * has the calls that move a socket's bytes.
 */
public final class Sockets {
    private Sockets() {}

    /**
     * Creates a socket, close-on-exec: socket(2).
     *
     * @param domain {@code AF_*}
     * @param type {@code SOCK_STREAM} or another, with SOCK_NONBLOCK as a flag
     * @return the socket, which the caller owns
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static Fd open(int domain, int type) throws ErrnoException {
        return new Fd(check("socket", Syscalls.socket(domain, type | SOCK_CLOEXEC, 0)));
    }

    /**
     * Creates a stream socket that listens: socket(2), SO_REUSEADDR (not for a Unix address), bind(2), listen(2).
     *
     * @param address the address to listen on. Port 0 takes any free port; {@link #localAddress} returns which
     * @param flags {@code SOCK_NONBLOCK} or 0
     * @param backlog how many established connections may wait; the kernel's limit is net.core.somaxconn
     * @return the socket, which the caller owns
     * @throws ErrnoException EADDRINUSE, EACCES or EADDRNOTAVAIL of bind(2) or listen(2), or as {@link #open}
     */
    public static Fd listen(SocketAddress address, int flags, int backlog) throws ErrnoException {
        Fd socket = open(address.family(), SOCK_STREAM | flags);
        try {
            if (address.family() != AF_UNIX) setOption(socket, SOL_SOCKET, SO_REUSEADDR, 1);
            bind(socket, address);
            check("listen", address, Syscalls.listen(socket.value(), backlog));
            return socket;
        } catch (ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Creates a blocking stream socket and connects it: socket(2), connect(2).
     *
     * @param address the peer's address
     * @return the connected socket, which the caller owns
     * @throws ErrnoException ECONNREFUSED, ENOENT, … of connect(2), or as {@link #open}
     */
    public static Fd connect(SocketAddress address) throws ErrnoException {
        Fd socket = open(address.family(), SOCK_STREAM);
        try {
            check("connect", address, startConnect(socket, address));
            return socket;
        } catch (ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Starts to connect a non-blocking socket: connect(2). When poll(2) reports it writable, {@link #error} returns the
     * result.
     *
     * @param socket the socket; the caller still owns it
     * @param address the peer's address
     * @return 0 if it is connected already, or {@code -errno}: EINPROGRESS while the handshake continues; EAGAIN for a
     *     Unix socket whose listener's backlog is full
     */
    public static int startConnect(Fd socket, SocketAddress address) {
        try (Arena arena = Arena.ofConfined()) {
            return Syscalls.connect(socket.value(), address.toSockaddr(arena));
        }
    }

    /**
     * Binds a socket to an address: bind(2).
     *
     * @param socket the socket; the caller still owns it
     * @param address the address
     * @throws ErrnoException EADDRINUSE, EACCES, EADDRNOTAVAIL
     */
    public static void bind(Fd socket, SocketAddress address) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            check("bind", address, Syscalls.bind(socket.value(), address.toSockaddr(arena)));
        }
    }

    /**
     * Accepts one connection: accept4(2), with SOCK_CLOEXEC. Waits for one if the listener is blocking.
     *
     * @param listener a listening socket; the caller still owns it
     * @param flags {@code SOCK_NONBLOCK} or 0; the connection does not inherit the flag from the listener
     * @return the connection, which the caller owns; empty if there is none
     * @throws ErrnoException EMFILE or ENFILE at a limit; the connection then stays in the backlog
     */
    public static Optional<Fd> accept(Fd listener, int flags) throws ErrnoException {
        int n = Syscalls.accept4(listener.value(), flags | SOCK_CLOEXEC);
        return n == -Errno.EAGAIN ? Optional.empty() : Optional.of(new Fd(check("accept4", n)));
    }

    /**
     * Two Unix sockets that are connected to each other.
     *
     * @param first one socket
     * @param second the other socket
     */
    public record Pair(Fd first, Fd second) implements AutoCloseable {
        /** Closes each socket that is still open. */
        @Override
        public void close() {
            first.close();
            second.close();
        }
    }

    /**
     * Creates two Unix sockets that are connected to each other: socketpair(2).
     *
     * @param type {@code SOCK_STREAM} or another, with SOCK_NONBLOCK as a flag for both
     * @return the pair, which the caller owns
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static Pair pair(int type) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sv = arena.allocate(ValueLayout.JAVA_INT, 2);
            check("socketpair", Syscalls.socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sv));
            return new Pair(
                    new Fd(sv.getAtIndex(ValueLayout.JAVA_INT, 0)), new Fd(sv.getAtIndex(ValueLayout.JAVA_INT, 1)));
        }
    }

    /**
     * Ends one or both directions of a connection: shutdown(2).
     *
     * @param socket a connected socket; the caller still owns it
     * @param how {@code SHUT_RD}, {@code SHUT_WR} or {@code SHUT_RDWR}
     * @throws ErrnoException ENOTCONN
     */
    public static void shutdown(Fd socket, int how) throws ErrnoException {
        check("shutdown", Syscalls.shutdown(socket.value(), how));
    }

    /**
     * Returns an option whose value is an int that is never negative: getsockopt(2).
     *
     * @param socket the socket; the caller still owns it
     * @param level {@code SOL_SOCKET}, {@code IPPROTO_*}
     * @param option {@code SO_*}, {@code TCP_*}
     * @return the value
     * @throws ErrnoException ENOPROTOOPT if the kernel does not know the option
     */
    public static int option(Fd socket, int level, int option) throws ErrnoException {
        return check("getsockopt", "option " + option, Syscalls.getsockopt(socket.value(), level, option));
    }

    /**
     * Sets an option whose value is an int: setsockopt(2).
     *
     * @param socket the socket; the caller still owns it
     * @param level {@code SOL_SOCKET}, {@code IPPROTO_*}
     * @param option {@code SO_*}, {@code TCP_*}
     * @param value the value; 0 and 1 for a switch
     * @throws ErrnoException ENOPROTOOPT if the kernel does not know the option
     */
    public static void setOption(Fd socket, int level, int option, int value) throws ErrnoException {
        check("setsockopt", "option " + option, Syscalls.setsockopt(socket.value(), level, option, value));
    }

    /**
     * Makes the kernel probe a TCP connection while it is idle, and end it if the peer does not answer: tcp(7).
     *
     * @param socket a TCP socket; the caller still owns it
     * @param idleSeconds seconds of silence before the first probe
     * @param intervalSeconds seconds between probes
     * @param probes how many unanswered probes end the connection with ETIMEDOUT
     * @throws ErrnoException EINVAL if a value is out of range
     */
    public static void keepAlive(Fd socket, int idleSeconds, int intervalSeconds, int probes) throws ErrnoException {
        setOption(socket, IPPROTO_TCP, TCP_KEEPIDLE, idleSeconds);
        setOption(socket, IPPROTO_TCP, TCP_KEEPINTVL, intervalSeconds);
        setOption(socket, IPPROTO_TCP, TCP_KEEPCNT, probes);
        setOption(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    }

    /**
     * Returns the pending error of a socket, SO_ERROR, and clears it. Call it once and keep the result: socket(7).
     *
     * @param socket the socket; the caller still owns it
     * @return a number of {@link Errno}, or 0 if there is no error
     * @throws ErrnoException ENOTSOCK
     */
    public static int error(Fd socket) throws ErrnoException {
        return option(socket, SOL_SOCKET, SO_ERROR);
    }

    /**
     * The process at the other end of a Unix socket.
     *
     * @param pid the process id in this process's pid namespace; 0 if the peer is not in that namespace
     * @param uid the user id
     * @param gid the group id
     */
    public record Credentials(int pid, int uid, int gid) {}

    /**
     * Returns the credentials of the peer, SO_PEERCRED: unix(7). They are those of the process that called connect(2),
     * listen(2) or socketpair(2), at the time of that call.
     *
     * @param socket a connected Unix socket; the caller still owns it
     * @return the credentials; pid 0 and ids -1 if the socket is not connected
     * @throws ErrnoException ENOTSOCK
     */
    public static Credentials peerCredentials(Fd socket) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = ucred.allocate(arena);
            check("getsockopt SO_PEERCRED", Syscalls.getsockopt(socket.value(), SOL_SOCKET, SO_PEERCRED, value));
            return new Credentials(ucred.pid(value), ucred.uid(value), ucred.gid(value));
        }
    }

    /**
     * Returns a pidfd of the process that connected, SO_PEERPIDFD. It never refers to another process that gets the
     * same id later.
     *
     * @param socket a connected Unix socket; the caller still owns it
     * @return the pidfd, which the caller owns
     * @throws ErrnoException ENOPROTOOPT before Linux 6.5, ESRCH or EINVAL if the process was reaped already
     */
    public static Fd peerPidFd(Fd socket) throws ErrnoException {
        return new Fd(option(socket, SOL_SOCKET, SO_PEERPIDFD));
    }

    /**
     * Returns the address that a socket is bound to: getsockname(2).
     *
     * @param socket the socket; the caller still owns it
     * @return the address
     * @throws ErrnoException ENOTSOCK
     */
    public static SocketAddress localAddress(Fd socket) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(SocketAddress.MAX_SIZE, ValueLayout.JAVA_INT.byteAlignment());
            return SocketAddress.of(
                    memory.asSlice(0, check("getsockname", Syscalls.getsockname(socket.value(), memory))));
        }
    }

    /**
     * Returns the address that a socket is connected to: getpeername(2).
     *
     * @param socket the socket; the caller still owns it
     * @return the peer's address
     * @throws ErrnoException ENOTCONN
     */
    public static SocketAddress peerAddress(Fd socket) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(SocketAddress.MAX_SIZE, ValueLayout.JAVA_INT.byteAlignment());
            return SocketAddress.of(
                    memory.asSlice(0, check("getpeername", Syscalls.getpeername(socket.value(), memory))));
        }
    }
}
