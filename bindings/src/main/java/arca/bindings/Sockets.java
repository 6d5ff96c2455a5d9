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

/** Sockets as owned descriptors: socket(7), tcp(7), unix(7). For a socket's bytes see {@link Syscalls}. */
public final class Sockets {
    private Sockets() {}

    /**
     * Makes a socket, close-on-exec.
     *
     * @param domain {@code AF_*}
     * @param type {@code SOCK_STREAM} or another, with SOCK_NONBLOCK as a flag
     * @return the socket, owned by the caller
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public static Fd open(int domain, int type) throws ErrnoException {
        return new Fd(check("socket", Syscalls.socket(domain, type | SOCK_CLOEXEC, 0)));
    }

    /**
     * Makes a stream socket that listens: socket, SO_REUSEADDR (but for a Unix address), bind, listen.
     *
     * @param address where; port 0 takes any free one, which {@link #localAddress} tells
     * @param flags {@code SOCK_NONBLOCK} or 0
     * @param backlog how many established connections may wait; the kernel cuts it to net.core.somaxconn
     * @return the socket, owned by the caller
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
     * Makes a blocking stream socket and connects it.
     *
     * @param address to where
     * @return the connected socket, owned by the caller
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
     * Begins to connect a non-blocking socket. Once it polls writable, {@link #error} tells how it went.
     *
     * @param socket the socket; stays the caller's
     * @param address to where
     * @return 0 if it is connected already, or {@code -errno}: EINPROGRESS while the handshake goes on; a Unix
     *     socket answers EAGAIN where the listener's backlog is full
     */
    public static int startConnect(Fd socket, SocketAddress address) {
        try (Arena arena = Arena.ofConfined()) {
            return Syscalls.connect(socket.value(), address.toSockaddr(arena));
        }
    }

    /**
     * Names a socket, as bind(2).
     *
     * @param socket the socket; stays the caller's
     * @param address where
     * @throws ErrnoException EADDRINUSE, EACCES, EADDRNOTAVAIL
     */
    public static void bind(Fd socket, SocketAddress address) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            check("bind", address, Syscalls.bind(socket.value(), address.toSockaddr(arena)));
        }
    }

    /**
     * Takes one connection off the kernel's queue, as accept4(2) with SOCK_CLOEXEC. It waits for one unless the
     * listener is non-blocking.
     *
     * @param listener a listening socket; stays the caller's
     * @param flags {@code SOCK_NONBLOCK}, which the connection does not inherit, or 0
     * @return the connection, owned by the caller; empty if none waits
     * @throws ErrnoException EMFILE or ENFILE at a limit: the connection then stays in the backlog
     */
    public static Optional<Fd> accept(Fd listener, int flags) throws ErrnoException {
        int n = Syscalls.accept4(listener.value(), flags | SOCK_CLOEXEC);
        return n == -Errno.EAGAIN ? Optional.empty() : Optional.of(new Fd(check("accept4", n)));
    }

    /**
     * Two connected Unix sockets.
     *
     * @param first one
     * @param second the other
     */
    public record Pair(Fd first, Fd second) implements AutoCloseable {
        /** Closes what is still open of both. */
        @Override
        public void close() {
            first.close();
            second.close();
        }
    }

    /**
     * Makes two Unix sockets connected to each other, as socketpair(2).
     *
     * @param type {@code SOCK_STREAM} or another, with SOCK_NONBLOCK as a flag of both
     * @return both, owned by the caller
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
     * Shuts one or both directions down, as shutdown(2).
     *
     * @param socket a connected socket; stays the caller's
     * @param how {@code SHUT_RD}, {@code SHUT_WR} or {@code SHUT_RDWR}
     * @throws ErrnoException ENOTCONN
     */
    public static void shutdown(Fd socket, int how) throws ErrnoException {
        check("shutdown", Syscalls.shutdown(socket.value(), how));
    }

    /**
     * An option whose value is an int that is never negative, as getsockopt(2).
     *
     * @param socket the socket; stays the caller's
     * @param level {@code SOL_SOCKET}, {@code IPPROTO_*}
     * @param option {@code SO_*}, {@code TCP_*}
     * @return its value
     * @throws ErrnoException ENOPROTOOPT where the kernel does not know it
     */
    public static int option(Fd socket, int level, int option) throws ErrnoException {
        return check("getsockopt", "option " + option, Syscalls.getsockopt(socket.value(), level, option));
    }

    /**
     * Sets an option whose value is an int, as setsockopt(2).
     *
     * @param socket the socket; stays the caller's
     * @param level {@code SOL_SOCKET}, {@code IPPROTO_*}
     * @param option {@code SO_*}, {@code TCP_*}
     * @param value its value; 0 and 1 for a switch
     * @throws ErrnoException ENOPROTOOPT where the kernel does not know it
     */
    public static void setOption(Fd socket, int level, int option, int value) throws ErrnoException {
        check("setsockopt", "option " + option, Syscalls.setsockopt(socket.value(), level, option, value));
    }

    /**
     * Has an idle TCP connection probed, and given up when nobody answers: tcp(7).
     *
     * @param socket a TCP socket; stays the caller's
     * @param idleSeconds silence before the first probe
     * @param intervalSeconds between probes
     * @param probes unanswered ones before the connection fails with ETIMEDOUT
     * @throws ErrnoException EINVAL for a value out of range
     */
    public static void keepAlive(Fd socket, int idleSeconds, int intervalSeconds, int probes) throws ErrnoException {
        setOption(socket, IPPROTO_TCP, TCP_KEEPIDLE, idleSeconds);
        setOption(socket, IPPROTO_TCP, TCP_KEEPINTVL, intervalSeconds);
        setOption(socket, IPPROTO_TCP, TCP_KEEPCNT, probes);
        setOption(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    }

    /**
     * The pending error, SO_ERROR. Reading it clears it: ask once, and keep the answer.
     *
     * @param socket the socket; stays the caller's
     * @return a number of {@link Errno}, or 0 for none
     * @throws ErrnoException ENOTSOCK
     */
    public static int error(Fd socket) throws ErrnoException {
        return option(socket, SOL_SOCKET, SO_ERROR);
    }

    /**
     * Who is at the other end of a Unix socket.
     *
     * @param pid process id, in this process's pid namespace; 0 if it is not in there
     * @param uid user id
     * @param gid group id
     */
    public record Credentials(int pid, int uid, int gid) {}

    /**
     * The credentials of the process that connected (or called socketpair or listen) at that time, SO_PEERCRED.
     *
     * @param socket a connected Unix socket; stays the caller's
     * @return the credentials; of an unconnected socket pid 0 and ids -1
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
     * A pidfd of the process that connected, SO_PEERPIDFD: it stands for that process whoever gets its number later.
     *
     * @param socket a connected Unix socket; stays the caller's
     * @return the pidfd, owned by the caller
     * @throws ErrnoException ENOPROTOOPT before Linux 6.5, ESRCH or EINVAL where the process was reaped already
     */
    public static Fd peerPidFd(Fd socket) throws ErrnoException {
        return new Fd(option(socket, SOL_SOCKET, SO_PEERPIDFD));
    }

    /**
     * The address a socket is bound to, as getsockname(2).
     *
     * @param socket the socket; stays the caller's
     * @return its address
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
     * The address a socket is connected to, as getpeername(2).
     *
     * @param socket the socket; stays the caller's
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
