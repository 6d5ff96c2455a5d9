package arca.monitor.relay;

import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.MSG_WAITALL;
import static arca.bindings.Constants.O_DIRECT;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.ErrnoException.check;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import arca.monitor.relay.Connection.Loop;
import arca.monitor.relay.Connection.Method;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A guest may put its write end into packet mode: pipe(2), O_DIRECT. */
class PacketModeTest {
    private static final int PACKET = 4096; // the most that a packet has

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void everyPacketIsMovedAlthoughEachIsAShortCount(Method method) throws Exception {
        try (Connection connection = new Connection(Loop.EPOLL, method, Duration.ZERO)) {
            check("fcntl", Syscalls.fcntl(connection.pipe.guestWriter().fd(), F_SETFL, O_DIRECT));
            for (int i = 0; i < 3; i++) connection.guestWrites(10);
            connection.settle();
            assertEquals(30, connection.relay.bytesToPeer());
            connection.pipe.guestWriter().close();
            assertEquals(30, connection.toTheEnd(Direction.TO_PEER));
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void packetAtTheEndOfATurnIsMovedWhole(Method method) throws Exception {
        try (Kernel kernel = new LinuxKernel();
                Mover mover = method.mover(kernel);
                Arena arena = Arena.ofConfined();
                Fd listener = Sockets.listen(loopback(0), SOCK_NONBLOCK, 1);
                Fd peer = Sockets.connect(Sockets.localAddress(listener));
                Fd socket = Sockets.accept(listener, SOCK_NONBLOCK).orElseThrow();
                Pipe pipe = Pipe.open(O_DIRECT)) {
            MemorySegment packet = arena.allocate(PACKET);
            Syscalls.write(pipe.writer().value(), packet);
            pipe.writer().close();
            PendingBytes pending = mover.newPendingBytes();
            long left = 1; // of the turn
            long moved = 0;
            for (long n = 1; n > 0; moved += n) {
                n = mover.move(pipe.reader().value(), socket.value(), mover.bytesToAsk(left), pending);
            }
            assertEquals(PACKET, moved);
            assertEquals(PACKET, Syscalls.recv(peer.value(), packet, MSG_WAITALL));
        }
    }

    private static SocketAddress loopback(int port) throws Exception {
        return new SocketAddress.IPv4((Inet4Address) InetAddress.getByName("127.0.0.1"), port);
    }
}
