package arca.bindings;

import static arca.bindings.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.testkit.Patience;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** How TCP connections begin and end: tcp(7), and facts that it does not mention. */
class EndsContractTest {
    /** Fills the peer's receive queue and our send queue, and returns the number of bytes. */
    private static long fill(Tcp tcp) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment much = arena.allocate(1 << 20);
            long sent = 0;
            for (long n; (n = Syscalls.send(tcp.ours().value(), much, MSG_NOSIGNAL)) > 0; ) sent += n;
            return sent;
        }
    }

    @Test
    void closeWithUnreadBytesResetsThePeerAndLosesBytesInFlight() throws Exception {
        try (Tcp tcp = Tcp.open()) {
            tcp.arrive("unread");
            long sent = fill(tcp);
            Sockets.shutdown(tcp.ours(), SHUT_WR);
            tcp.ours().close();
            long got = Tcp.drain(tcp.peer());
            assertEquals(-Errno.ECONNRESET, got, () -> "of " + sent + " bytes " + Tcp.kernel());
        }
    }

    @Test
    void closeAfterReadingEverythingLosesNothing() throws Exception {
        try (Tcp tcp = Tcp.open();
                Arena arena = Arena.ofConfined()) {
            tcp.arrive("unread");
            long sent = fill(tcp);
            Sockets.shutdown(tcp.ours(), SHUT_WR);
            assertEquals(6, Syscalls.recv(tcp.ours().value(), arena.allocate(64), 0));
            tcp.ours().close();
            assertEquals(sent, Tcp.drain(tcp.peer()), Tcp::kernel);
        }
    }

    @Test
    void shutdownOfReadingStillAcceptsBytes() throws Exception {
        try (Tcp tcp = Tcp.open()) {
            Sockets.shutdown(tcp.ours(), SHUT_RD);
            int events = Tcp.events(tcp.ours(), POLLIN | POLLRDHUP);
            assertEquals(POLLIN | POLLRDHUP, events, () -> "reported permanently " + Tcp.kernel());
            tcp.peer().nonBlocking(true);
            Tcp.send(tcp.peer(), "is still sent", 0);
            Patience.await(
                    "the acknowledgement", () -> Syscalls.ioctl(tcp.peer().value(), SIOCOUTQ) == 0);
            assertEquals(0, Tcp.events(tcp.peer(), POLLIN), () -> "acknowledged, no reset " + Tcp.kernel());
        }
    }

    @Test
    void portCanConnectToItself() throws Exception {
        try (Fd socket = Sockets.open(AF_INET, SOCK_STREAM)) {
            Sockets.bind(socket, Tcp.LOOPBACK);
            SocketAddress own = Sockets.localAddress(socket);
            assertEquals(0, Sockets.startConnect(socket, own), () -> "nobody listens " + Tcp.kernel());
            assertEquals(own, Sockets.peerAddress(socket), "this is how to detect it");
        }
    }

    @Test
    void connectionResetBeforeAcceptIsStillAccepted() throws Exception {
        try (Fd listener = Sockets.listen(Tcp.LOOPBACK, 0, 4);
                Arena arena = Arena.ofConfined()) {
            Fd peer = Sockets.connect(Sockets.localAddress(listener));
            MemorySegment linger = arena.allocate(8);
            linger.set(ValueLayout.JAVA_INT, 0, 1);
            assertEquals(0, Syscalls.setsockopt(peer.value(), SOL_SOCKET, SO_LINGER, linger));
            Tcp.send(peer, "hi", 0);
            peer.close();
            Tcp.await(listener, POLLIN, POLLIN);
            try (Fd accepted = Sockets.accept(listener, 0).orElseThrow()) {
                assertEquals("hi", Tcp.read(accepted, 10), () -> "the bytes before the reset " + Tcp.kernel());
                assertEquals(
                        -Errno.ECONNRESET,
                        Syscalls.recv(accepted.value(), linger, 0),
                        () -> "then the reset " + Tcp.kernel());
            }
        }
    }

    @Test
    void secondListenerOnAnAddressIsRefusedByListen() throws Exception {
        try (Fd first = Sockets.open(AF_INET, SOCK_STREAM);
                Fd second = Sockets.open(AF_INET, SOCK_STREAM)) {
            Sockets.setOption(first, SOL_SOCKET, SO_REUSEADDR, 1);
            Sockets.setOption(second, SOL_SOCKET, SO_REUSEADDR, 1);
            Sockets.bind(first, Tcp.LOOPBACK);
            Sockets.bind(second, Sockets.localAddress(first));
            assertEquals(0, Syscalls.listen(first.value(), 1));
            assertEquals(-Errno.EADDRINUSE, Syscalls.listen(second.value(), 1), Tcp::kernel);
        }
    }
}
