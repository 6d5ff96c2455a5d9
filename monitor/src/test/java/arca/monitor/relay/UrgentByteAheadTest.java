package arca.monitor.relay;

import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_OOBINLINE;
import static arca.bindings.Constants.TCP_NODELAY;
import static arca.bindings.ErrnoException.check;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.Errno;
import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import arca.monitor.reactor.Mailbox;
import arca.monitor.reactor.Reactor;
import arca.testkit.Patience;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The segment of an urgent byte overtakes the one before it. The kernel reports the byte while nothing can be read. */
class UrgentByteAheadTest {
    private static final int SO_ATTACH_FILTER = 26; // socket(7)
    private static final int SO_DETACH_FILTER = 27;
    private static final int MSG_OOB = 1;

    // A filter that drops each segment of more than one byte, however often it is sent: bpf(4), struct sock_filter.
    private static final long[] DROPS_ALL_BUT_SINGLE_BYTES = {
        instruction(0x80, 0, 0, 0), // A = length, with the TCP header of 32 bytes
        instruction(0x25, 1, 0, 32 + 1), // if A > 33, skip the next instruction
        instruction(0x06, 0, 0, 0xffff), // keep all of it
        instruction(0x06, 0, 0, 0) // keep nothing
    };

    @ParameterizedTest(name = "poll {0}")
    @ValueSource(booleans = {false, true})
    void loopSleepsUntilTheBytesBeforeItArrive(boolean poll) throws Exception {
        try (EventFd wakeup = EventFd.open();
                Kernel kernel = new LinuxKernel();
                Reactor reactor = reactor(poll, kernel, new Mailbox(wakeup.fd().value(), wakeup::signal));
                Mover mover = Mover.splicing(kernel, MemoryBudget.UNLIMITED);
                Arena arena = Arena.ofConfined();
                Fd listener = Sockets.listen(loopback(), SOCK_NONBLOCK, 1);
                Fd peer = Sockets.connect(Sockets.localAddress(listener));
                DataPipe pipe = DataPipe.open(reactor, 65536)) {
            Descriptor socket = new Descriptor(
                    reactor,
                    Sockets.accept(listener, SOCK_NONBLOCK).orElseThrow().release());
            kernel.setsockopt(socket.fd(), SOL_SOCKET, SO_OOBINLINE, 1);
            Sockets.setOption(peer, IPPROTO_TCP, TCP_NODELAY, 1);
            try (Relay relay = Relay.start(reactor, mover, socket, pipe, Duration.ZERO, _ -> {})) {
                while (reactor.step(0)) continue;
                filter(arena, socket.fd());
                check("send", Syscalls.send(peer.value(), arena.allocateFrom("abc"), 0, 3, MSG_NOSIGNAL));
                check("send", Syscalls.send(peer.value(), arena.allocateFrom("!"), 0, 1, MSG_OOB));
                assertTrue(reactor.step(Patience.MILLIS), "told of the urgent byte");
                for (int i = 0; i < 10; i++) reactor.step(0);
                assertFalse(reactor.step(0), "nothing to do");
                assertEquals(0, relay.bytesFromPeer());

                check("setsockopt", kernel.setsockopt(socket.fd(), SOL_SOCKET, SO_DETACH_FILTER, 0));
                Patience.await("the bytes, which are sent again", () -> {
                    reactor.step(0);
                    return relay.bytesFromPeer() == 4;
                });
                MemorySegment got = arena.allocate(5);
                assertEquals(4, Syscalls.read(pipe.guestReader().fd(), got));
                assertEquals("abc!", got.getString(0));
            }
        }
    }

    private static Reactor reactor(boolean poll, Kernel kernel, Mailbox mailbox) throws Exception {
        return poll ? Reactor.onPoll(kernel, mailbox) : Reactor.onEpoll(kernel, mailbox);
    }

    private static void filter(Arena arena, int socket) throws Exception {
        MemorySegment program = arena.allocate(16, 8); // struct sock_fprog
        program.set(ValueLayout.JAVA_SHORT, 0, (short) DROPS_ALL_BUT_SINGLE_BYTES.length);
        program.set(ValueLayout.ADDRESS, 8, arena.allocateFrom(ValueLayout.JAVA_LONG, DROPS_ALL_BUT_SINGLE_BYTES));
        int n = Syscalls.setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, program);
        assumeTrue(n != -Errno.EPERM, "this user may not attach a filter to a socket");
        check("setsockopt", n);
    }

    private static long instruction(int code, int ifTrue, int ifFalse, long k) {
        return k << Integer.SIZE | (long) ifFalse << 24 | (long) ifTrue << 16 | code; // little-endian
    }

    private static SocketAddress loopback() throws Exception {
        return new SocketAddress.IPv4((Inet4Address) InetAddress.getByName("127.0.0.1"), 0);
    }
}
