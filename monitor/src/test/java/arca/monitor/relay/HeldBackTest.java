package arca.monitor.relay;

import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.O_DIRECT;
import static arca.bindings.Constants.SIOCOUTQ;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.TCP_NODELAY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * TCP holds back nothing of what the guest has written, once the monitor has moved it. splice(2) to a socket sets MSG_MORE
 * after each 16 slots. Unless the monitor pushes the last bytes, they wait for an acknowledgement or a timer. The test asks
 * the kernel how many bytes are not sent, and needs no clock.
 */
class HeldBackTest {
    private static final int PAGE = 4096;
    private static final int BATCH = 16 * PAGE;
    private static final int LARGEST = 1 << 20;

    // <linux/tcp.h>
    private static final int TCP_INFO = 11;
    private static final int TCP_CONGESTION = 13;
    private static final int TCP_INFO_SIZE = 232;
    private static final int NOTSENT_BYTES = 144;
    private static final int SND_WND = 228;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bytes = arena.allocate(LARGEST);
    private final MemorySegment info = arena.allocate(TCP_INFO_SIZE, Long.BYTES);

    private Reactor reactor;
    private Descriptor socket;
    private DataPipe pipe;
    private Fd peer;
    private long received;

    @AfterEach
    void free() {
        arena.close();
    }

    /** What a guest writes before the monitor runs. */
    @FunctionalInterface
    private interface Guest {
        /** Writes, and returns how many bytes the peer must get. */
        long write();
    }

    @ParameterizedTest(name = "{0}, pipe of {1}")
    @CsvSource({"EPOLL, 65536", "EPOLL, 262144", "POLL, 65536", "POLL, 262144"})
    void nothingIsHeldBack(String readiness, int pipeSize) throws Exception {
        try (EventFd wakeup = EventFd.open();
                Kernel kernel = new LinuxKernel();
                Mover mover = Mover.splicing(kernel, MemoryBudget.UNLIMITED);
                Fd listener = listen();
                Fd connected = Sockets.connect(Sockets.localAddress(listener))) {
            Mailbox mailbox = new Mailbox(wakeup.fd().value(), wakeup::signal);
            peer = connected;
            reactor = readiness.equals("EPOLL") ? Reactor.onEpoll(kernel, mailbox) : Reactor.onPoll(kernel, mailbox);
            pipe = DataPipe.open(reactor, pipeSize);
            Fd accepted = Sockets.accept(listener, SOCK_NONBLOCK).orElseThrow();
            assertEquals(0, Syscalls.setsockopt(accepted.value(), IPPROTO_TCP, TCP_NODELAY, 1));
            socket = new Descriptor(reactor, accepted.release());
            try (Reactor _ = reactor;
                    DataPipe _ = pipe;
                    Relay relay = Relay.start(reactor, mover, socket, pipe, Duration.ZERO, _ -> {})) {
                for (int size : sizes(pipeSize).toArray()) {
                    holdsNothingBack(size + " bytes", () -> write(size));
                    for (int first : new int[] {1, 100, PAGE - 1}) {
                        holdsNothingBack(
                                size + " bytes behind " + first,
                                () -> write(first) + write(Math.min(size, pipeSize - PAGE)));
                        holdsNothingBack(size + " bytes behind a rest of " + first, () -> {
                            write(first + 1L);
                            Syscalls.read(pipe.reader().fd(), bytes.asSlice(0, 1));
                            return first + write(Math.min(size, pipeSize - PAGE));
                        });
                    }
                }
                int slots = pipeSize / PAGE;
                for (int count = 1; count <= slots; count++) {
                    int writes = count;
                    holdsNothingBack(count + " writes of 2,049 bytes", () -> times(writes, _ -> 2049));
                    holdsNothingBack(
                            count + " writes of 1 and 4,096 bytes", () -> times(writes, i -> i % 2 == 0 ? 1 : PAGE));
                }
                assertEquals(0, Syscalls.fcntl(pipe.guestWriter().fd(), F_SETFL, O_DIRECT));
                for (int count = 14; count <= slots; count++) {
                    int packets = count;
                    holdsNothingBack(count + " packets of 300 bytes", () -> times(packets, _ -> 300));
                }
                assertEquals(received, relay.bytesToPeer());
            }
        }
    }

    /** Returns sizes to write: many of them near the multiples of 16 pages that the pipe holds. */
    private static IntStream sizes(int pipeSize) {
        int[] around = {-PAGE - 1, -PAGE, -PAGE + 1, -PAGE / 2, -1, 0, 1, PAGE - 1, PAGE, PAGE + 1};
        IntStream close = IntStream.rangeClosed(1, pipeSize / BATCH)
                .flatMap(i -> IntStream.of(around).map(d -> i * BATCH + d));
        return IntStream.concat(IntStream.of(1, PAGE, PAGE + 1, 28_681), close).filter(n -> n <= pipeSize);
    }

    private long write(long size) {
        long n = Syscalls.write(pipe.guestWriter().fd(), bytes.asSlice(0, size));
        assertEquals(size, n);
        return n;
    }

    private long times(int count, IntUnaryOperator size) {
        return IntStream.range(0, count)
                .mapToLong(i -> write(size.applyAsInt(i)))
                .sum();
    }

    /** Fails if TCP holds back bytes that the peer's window has room for, after the monitor has moved what a guest writes. */
    private void holdsNothingBack(String what, Guest guest) {
        long size = guest.write();
        long came = 0;
        do {
            while (reactor.step(0)) continue;
            long unsent = unsent();
            long outstanding = Syscalls.ioctl(socket.fd(), SIOCOUTQ);
            assertTrue(
                    unsent == 0 || outstanding > info.get(ValueLayout.JAVA_INT, SND_WND),
                    () -> "of " + what + " " + unsent + " bytes are held back");
            long n = Syscalls.recv(peer.value(), bytes, came < size && unsent == 0 ? 0 : MSG_DONTWAIT);
            came += Math.max(n, 0);
        } while (came < size);
        received += came;
        while (Syscalls.ioctl(socket.fd(), SIOCOUTQ) > 0) Thread.onSpinWait();
    }

    private long unsent() {
        assertEquals(TCP_INFO_SIZE, Syscalls.getsockopt(socket.fd(), IPPROTO_TCP, TCP_INFO, info));
        return info.get(ValueLayout.JAVA_INT, NOTSENT_BYTES);
    }

    /** Opens a listener whose connections send at once. Those with bbr would send at the pace of a timer. */
    private Fd listen() throws Exception {
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        Fd listener = Sockets.listen(new SocketAddress.IPv4((Inet4Address) loopback, 0), SOCK_NONBLOCK, 1);
        MemorySegment reno = arena.allocateFrom("reno", StandardCharsets.US_ASCII);
        assertEquals(0, Syscalls.setsockopt(listener.value(), IPPROTO_TCP, TCP_CONGESTION, reno));
        return listener;
    }
}
