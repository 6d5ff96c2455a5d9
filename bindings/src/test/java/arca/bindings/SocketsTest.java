package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.SocketAddress.IPv4;
import arca.bindings.SocketAddress.IPv6;
import arca.bindings.SocketAddress.Unix;
import arca.testkit.Patience;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketsTest {
    private static final IPv4 LOOPBACK = new IPv4(0x7f000001, 0);

    private static int errnoOf(org.junit.jupiter.api.function.Executable call) {
        return assertThrows(ErrnoException.class, call).errno();
    }

    @Test
    void bothEndsOfATcpConnectionKnowEachOther() throws Exception {
        try (Fd listener = Sockets.listen(LOOPBACK, 0, 16);
                Fd client = Sockets.connect(Sockets.localAddress(listener));
                Fd server = Sockets.accept(listener, SOCK_NONBLOCK).orElseThrow()) {
            assertEquals(Sockets.localAddress(client), Sockets.peerAddress(server));
            assertEquals(Sockets.peerAddress(client), Sockets.localAddress(server));
            assertTrue((Syscalls.fcntl(server.value(), F_GETFL, 0) & O_NONBLOCK) != 0);
            assertEquals(1, Sockets.option(listener, SOL_SOCKET, SO_ACCEPTCONN));
            assertEquals(1, Sockets.option(listener, SOL_SOCKET, SO_REUSEADDR));
        }
    }

    @Test
    void ipv6ConnectionHasIpv6Ends() throws Exception {
        Inet6Address loopback = (Inet6Address) Inet6Address.getByName("::1");
        try (Fd listener = Sockets.open(AF_INET6, SOCK_STREAM)) {
            Sockets.setOption(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1);
            try {
                Sockets.bind(listener, new IPv6(loopback, 0));
            } catch (ErrnoException e) {
                Assumptions.abort("no IPv6 on this machine: " + e.getMessage());
            }
            assertEquals(0, Syscalls.listen(listener.value(), 1));
            IPv6 address = (IPv6) Sockets.localAddress(listener);
            assertEquals(loopback, address.address());
            try (Fd client = Sockets.connect(address);
                    Fd server = Sockets.accept(listener, 0).orElseThrow()) {
                assertEquals(address, Sockets.peerAddress(client));
                assertEquals(Sockets.localAddress(client), Sockets.peerAddress(server));
            }
            assertEquals(1, Sockets.option(listener, IPPROTO_IPV6, IPV6_V6ONLY));
        }
    }

    @Test
    void shutdownOfWritingEndsOneDirection() throws Exception {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
                Arena arena = Arena.ofConfined()) {
            int first = pair.first().value();
            int second = pair.second().value();
            MemorySegment in = arena.allocate(16);
            assertEquals(6, Syscalls.send(first, arena.allocateFrom("there"), MSG_NOSIGNAL));
            assertEquals(6, Syscalls.recv(second, in, MSG_PEEK));
            assertEquals(6, Syscalls.recv(second, in, 0));
            assertEquals("there", in.getString(0));
            assertEquals(-Errno.EAGAIN, Syscalls.recv(second, in, MSG_DONTWAIT));
            Sockets.shutdown(pair.first(), SHUT_WR);
            assertEquals(0, Syscalls.recv(second, in, 0));
            assertEquals(-Errno.EPIPE, Syscalls.send(first, in, MSG_NOSIGNAL));
            assertEquals(16, Syscalls.send(second, in, MSG_NOSIGNAL), "the other direction is open");
        }
    }

    @Test
    void onlyTheGivenPartIsSentAndReceivedInto() throws Exception {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
                Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocateFrom("0123456789");
            MemorySegment in = arena.allocateFrom("..........");
            assertEquals(4, Syscalls.send(pair.first().value(), out, 3, 4, MSG_NOSIGNAL));
            assertEquals(1, Syscalls.recv(pair.second().value(), in, 9, 1, MSG_PEEK));
            assertEquals(2, Syscalls.recv(pair.second().value(), in, 1, 2, 0));
            assertEquals(2, Syscalls.recv(pair.second().value(), in, 5, 4, 0));
            assertEquals(".34..56..3", in.getString(0));
            assertEquals(-Errno.EAGAIN, Syscalls.recv(pair.second().value(), in, 0, 1, MSG_DONTWAIT));
        }
    }

    @Test
    void acceptIsEmptyIfNoConnectionWaits() throws Exception {
        try (Fd listener = Sockets.listen(LOOPBACK, SOCK_NONBLOCK, 16)) {
            assertEquals(Optional.empty(), Sockets.accept(listener, 0));
            assertEquals(-Errno.EAGAIN, Syscalls.accept4(listener.value(), 0));
        }
    }

    @Test
    void messageNamesTheAddressInUse() throws Exception {
        try (Fd listener = Sockets.listen(LOOPBACK, 0, 16)) {
            SocketAddress taken = Sockets.localAddress(listener);
            ErrnoException e = assertThrows(ErrnoException.class, () -> Sockets.listen(taken, 0, 16));
            assertEquals(Errno.EADDRINUSE, e.errno());
            assertEquals("bind " + taken + ": EADDRINUSE (Address already in use)", e.getMessage());
        }
    }

    @Test
    void connectIsRefusedIfNobodyListens() throws Exception {
        SocketAddress nobody;
        try (Fd listener = Sockets.listen(LOOPBACK, 0, 16)) {
            nobody = Sockets.localAddress(listener);
        }
        assertEquals(Errno.ECONNREFUSED, errnoOf(() -> Sockets.connect(nobody)));
    }

    @Test
    void errorOfANonBlockingConnectIsReportedOnce() throws Exception {
        SocketAddress nobody;
        try (Fd listener = Sockets.listen(LOOPBACK, 0, 16)) {
            nobody = Sockets.localAddress(listener);
        }
        try (Fd socket = Sockets.open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
                Arena arena = Arena.ofConfined()) {
            assertEquals(-Errno.EINPROGRESS, Sockets.startConnect(socket, nobody));
            Poll poll = new Poll(arena, 1);
            poll.set(0, socket.value(), POLLOUT);
            assertEquals(1, poll.poll(Patience.MILLIS));
            assertEquals(Errno.ECONNREFUSED, Sockets.error(socket));
            assertEquals(0, Sockets.error(socket));
        }
    }

    @Test
    void addressOfAnotherHostCannotBeBound() {
        assertEquals(Errno.EADDRNOTAVAIL, errnoOf(() -> Sockets.listen(new IPv4(0xc0000201, 0), 0, 1)));
    }

    @Test
    void unconnectedSocketHasNoPeer() throws Exception {
        try (Fd socket = Sockets.open(AF_INET, SOCK_STREAM)) {
            assertEquals(Errno.ENOTCONN, errnoOf(() -> Sockets.peerAddress(socket)));
            assertEquals(Errno.ENOTCONN, errnoOf(() -> Sockets.shutdown(socket, SHUT_WR)));
        }
    }

    @Test
    void pipeIsNotASocket() throws Exception {
        try (Pipe pipe = Pipe.open(0)) {
            assertEquals(Errno.ENOTSOCK, errnoOf(() -> Sockets.error(pipe.reader())));
            assertEquals(Errno.ENOTSOCK, errnoOf(() -> Sockets.localAddress(pipe.reader())));
            assertEquals(Errno.ENOTSOCK, errnoOf(() -> Sockets.accept(pipe.reader(), 0)));
        }
    }

    @Test
    void optionsKeepTheirValues() throws Exception {
        try (Fd socket = Sockets.open(AF_INET, SOCK_STREAM);
                Arena arena = Arena.ofConfined()) {
            Sockets.setOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
            assertEquals(1, Sockets.option(socket, IPPROTO_TCP, TCP_NODELAY));
            Sockets.setOption(socket, SOL_SOCKET, SO_OOBINLINE, 1);
            assertEquals(1, Sockets.option(socket, SOL_SOCKET, SO_OOBINLINE));
            Sockets.setOption(socket, SOL_SOCKET, SO_SNDBUF, 6144);
            assertEquals(2 * 6144, Sockets.option(socket, SOL_SOCKET, SO_SNDBUF), "socket(7): doubled");
            Sockets.setOption(socket, SOL_SOCKET, SO_RCVBUF, 6144);
            assertEquals(2 * 6144, Sockets.option(socket, SOL_SOCKET, SO_RCVBUF), "socket(7): doubled");
            Sockets.keepAlive(socket, 11, 7, 5);
            assertEquals(1, Sockets.option(socket, SOL_SOCKET, SO_KEEPALIVE));
            assertEquals(11, Sockets.option(socket, IPPROTO_TCP, TCP_KEEPIDLE));
            assertEquals(7, Sockets.option(socket, IPPROTO_TCP, TCP_KEEPINTVL));
            assertEquals(5, Sockets.option(socket, IPPROTO_TCP, TCP_KEEPCNT));
            MemorySegment linger = arena.allocate(8);
            linger.set(java.lang.foreign.ValueLayout.JAVA_INT, 0, 1);
            linger.set(java.lang.foreign.ValueLayout.JAVA_INT, 4, 9);
            assertEquals(0, Syscalls.setsockopt(socket.value(), SOL_SOCKET, SO_LINGER, linger));
            MemorySegment back = arena.allocate(8);
            assertEquals(8, Syscalls.getsockopt(socket.value(), SOL_SOCKET, SO_LINGER, back));
            assertEquals(-1, linger.mismatch(back));
            assertEquals(Errno.ENOPROTOOPT, errnoOf(() -> Sockets.setOption(socket, SOL_SOCKET, 9999, 1)));
        }
    }

    @Test
    void unixSocketFileHasTheModeSetBeforeBind(@TempDir Path folder) throws Exception {
        Unix address = Unix.path(folder.resolve("control").toString());
        try (Fd listener = Sockets.open(AF_UNIX, SOCK_STREAM);
                Arena arena = Arena.ofConfined()) {
            assertEquals(0, Syscalls.fchmod(listener.value(), 0600));
            Sockets.bind(listener, address);
            Object mode = Files.getAttribute(Path.of(address.name()), "unix:mode");
            assertEquals(0600, ((Integer) mode) & 0777);
            assertEquals(Errno.ECONNREFUSED, errnoOf(() -> Sockets.connect(address)), "bound, but not listening");
            assertEquals(0, Syscalls.listen(listener.value(), 4));
            try (Fd client = Sockets.connect(address)) {
                assertEquals(address, Sockets.peerAddress(client));
                assertEquals(Unix.path(address.name()), Sockets.localAddress(listener));
                assertEquals("unix:", Sockets.localAddress(client).toString(), "unnamed");
            }
            assertEquals(Errno.EADDRINUSE, errnoOf(() -> Sockets.listen(address, 0, 4)), "the file exists");
            assertEquals(0, Syscalls.unlink(arena.allocateFrom(address.name())));
            assertEquals(-Errno.ENOENT, Syscalls.unlink(arena.allocateFrom(address.name())));
        }
    }

    @Test
    void abstractNameNeedsNoFile() throws Exception {
        Unix address = Unix.abstractName("arca bindings test " + Syscalls.getpid());
        try (Fd listener = Sockets.listen(address, 0, 4);
                Fd client = Sockets.connect(address)) {
            assertEquals(address, Sockets.peerAddress(client));
            assertEquals(address, Sockets.localAddress(listener));
        }
        assertEquals(Errno.ECONNREFUSED, errnoOf(() -> Sockets.connect(address)), "the name ends with its socket");
    }

    @Test
    void peerOfAUnixSocketIsThisProcess() throws Exception {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM)) {
            Sockets.Credentials peer = Sockets.peerCredentials(pair.first());
            assertEquals(Syscalls.getpid(), peer.pid());
            assertEquals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"), peer.uid());
            assertEquals(Files.getAttribute(Path.of("/proc/self"), "unix:gid"), peer.gid());
        }
    }

    @Test
    void unsentBytesAreCountedUntilAcknowledged() throws Exception {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM);
                Arena arena = Arena.ofConfined()) {
            assertEquals(0, Syscalls.ioctl(pair.first().value(), SIOCOUTQ));
            Syscalls.send(pair.first().value(), arena.allocate(100), 0);
            assertTrue(Syscalls.ioctl(pair.first().value(), SIOCOUTQ) > 0);
            assertEquals(100, Syscalls.ioctl(pair.second().value(), FIONREAD));
            Syscalls.recv(pair.second().value(), arena.allocate(100), 0);
            assertEquals(0, Syscalls.ioctl(pair.first().value(), SIOCOUTQ));
        }
    }
}
