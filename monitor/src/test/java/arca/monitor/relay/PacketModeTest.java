package arca.monitor.relay;

import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.MSG_WAITALL;
import static arca.bindings.Constants.O_DIRECT;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.ErrnoException.check;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import arca.monitor.reactor.Mailbox;
import arca.monitor.reactor.Reactor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A guest that has put its end into packet mode, which is its right: pipe(2), O_DIRECT. */
class PacketModeTest {
    private static final int PACKET = 4096; // no packet has more

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void everyPacketGoesOnThoughEachIsAShortCount(Mover.Way way) throws Exception {
        try (EventFd bell = EventFd.open();
                Kernel kernel = new LinuxKernel();
                Reactor reactor = Reactor.onEpoll(kernel, new Mailbox(bell.fd().value(), bell::signal));
                Mover mover = new Mover(kernel, way);
                Arena arena = Arena.ofConfined();
                Fd listener = Sockets.listen(loopback(0), SOCK_NONBLOCK, 1);
                Fd peer = Sockets.connect(Sockets.localAddress(listener));
                DataPipe pipe = DataPipe.open(reactor, 65536)) {
            Descriptor socket = new Descriptor(
                    reactor,
                    Sockets.accept(listener, SOCK_NONBLOCK).orElseThrow().release());
            try (Relay relay = Relay.start(reactor, mover, socket, pipe, Duration.ZERO, _ -> {})) {
                int guest = pipe.guestWriter().fd();
                check("fcntl", Syscalls.fcntl(guest, F_SETFL, O_DIRECT));
                for (int i = 0; i < 3; i++) Syscalls.write(guest, arena.allocate(10));
                while (reactor.step(0)) continue;
                assertEquals(30, relay.bytesToPeer());
                assertEquals(30, Syscalls.recv(peer.value(), arena.allocate(100), 0));
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void packetAtTheEndOfATurnIsNotCut(Mover.Way way) throws Exception {
        try (Kernel kernel = new LinuxKernel();
                Mover mover = new Mover(kernel, way);
                Arena arena = Arena.ofConfined();
                Fd listener = Sockets.listen(loopback(0), SOCK_NONBLOCK, 1);
                Fd peer = Sockets.connect(Sockets.localAddress(listener));
                Fd socket = Sockets.accept(listener, SOCK_NONBLOCK).orElseThrow();
                Pipe pipe = Pipe.open(O_DIRECT)) {
            MemorySegment packet = arena.allocate(PACKET);
            Syscalls.write(pipe.writer().value(), packet);
            pipe.writer().close();
            Stash stash = mover.newStash();
            long left = 1; // of the turn
            long moved = 0;
            for (long n = 1; n > 0; moved += n) {
                n = mover.move(pipe.reader().value(), socket.value(), mover.most(left), stash);
            }
            assertEquals(PACKET, moved);
            assertEquals(PACKET, Syscalls.recv(peer.value(), packet, MSG_WAITALL));
        }
    }

    private static SocketAddress loopback(int port) throws Exception {
        return new SocketAddress.IPv4((Inet4Address) InetAddress.getByName("127.0.0.1"), port);
    }
}
