package arca.monitor.relay;

import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_OOBINLINE;
import static arca.bindings.Constants.SO_RCVBUF;
import static arca.bindings.Constants.SO_SNDBUF;
import static arca.bindings.Constants.TCP_NODELAY;
import static arca.bindings.ErrnoException.check;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

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
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;

/**
 * A relay between a real pipe and a real TCP connection, with the guest's ends of the pipe and the peer's end of the
 * connection in the hands of the test. None of those three ends blocks. The test drives the loop.
 */
final class Connection implements AutoCloseable {
    private static final int LOCALHOST = 0x7f000001;
    private static final int PEER_BUFFER = 65536; // bytes, so that the peer takes only so much while it does not read
    private static final int SEND_BUFFER = 65536; // bytes, that the kernel doubles
    private static final int CHUNK = 65536;

    /** How the relay moves bytes. */
    enum Method {
        SPLICE(Mover::splicing, MemoryBudget.UNLIMITED),
        COPY(Mover::copying, MemoryBudget.UNLIMITED),
        COPY_BY_PAGE(Mover::copying, new NoMemory());

        private final BiFunction<Kernel, MemoryBudget, Mover> mover;
        private final MemoryBudget budget;

        Method(BiFunction<Kernel, MemoryBudget, Mover> mover, MemoryBudget budget) {
            this.mover = mover;
            this.budget = budget;
        }

        Mover mover(Kernel kernel) {
            return mover.apply(kernel, budget);
        }
    }

    /** A budget of which others have taken everything. */
    private static final class NoMemory implements MemoryBudget {
        @Override
        public boolean take(long bytes) {
            return false;
        }

        @Override
        public void give(long bytes) {
            throw new AssertionError("nothing was taken");
        }
    }

    /** How the loop learns that a descriptor is ready. */
    enum Loop {
        EPOLL,
        POLL;

        Reactor reactor(Kernel kernel, Mailbox mailbox) throws IOException {
            return this == EPOLL ? Reactor.onEpoll(kernel, mailbox) : Reactor.onPoll(kernel, mailbox);
        }
    }

    /** splice(2), or what a test puts in its place. */
    @FunctionalInterface
    interface Splice {
        long splice(int in, int out, long count);
    }

    final Kernel linux = new LinuxKernel();
    final Reactor reactor;
    final Mover mover;
    final Descriptor socket;
    final DataPipe pipe;
    final Relay relay;
    final Fd peer;

    /** What the relay gets for splice(2): the kernel's own, until a test changes it. */
    Splice splice = linux::splice;

    /** Whether the relay has said that it has ended. */
    boolean ended;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bytes = arena.allocate(CHUNK);
    private final EventFd wakeup = EventFd.open();

    Connection(Loop loop, Method method, Duration linger) throws IOException {
        Kernel kernel = kernel();
        reactor = loop.reactor(kernel, new Mailbox(wakeup.fd().value(), wakeup::signal));
        mover = method.mover(kernel);
        try (Fd listener = Sockets.listen(new SocketAddress.IPv4(LOCALHOST, 0), 0, 1)) {
            Sockets.setOption(listener, SOL_SOCKET, SO_RCVBUF, PEER_BUFFER); // the peer's socket inherits it
            Fd connected = Sockets.connect(Sockets.localAddress(listener));
            connected.nonBlocking(true);
            Sockets.setOption(connected, SOL_SOCKET, SO_OOBINLINE, 1);
            Sockets.setOption(connected, IPPROTO_TCP, TCP_NODELAY, 1);
            Sockets.setOption(
                    connected, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER); // else the kernel lets it grow to megabytes
            peer = Sockets.accept(listener, SOCK_NONBLOCK).orElseThrow();
            Sockets.setOption(peer, IPPROTO_TCP, TCP_NODELAY, 1);
            socket = new Descriptor(reactor, connected.release());
        }
        pipe = DataPipe.open(reactor, 65536);
        check("fcntl", Syscalls.fcntl(pipe.guestWriter().fd(), F_SETFL, O_NONBLOCK));
        check("fcntl", Syscalls.fcntl(pipe.guestReader().fd(), F_SETFL, O_NONBLOCK));
        relay = Relay.start(reactor, mover, socket, pipe, linger, _ -> ended = true);
    }

    private Kernel kernel() {
        return (Kernel) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Kernel.class}, (_, method, arguments) -> {
                    if (method.getName().equals("splice"))
                        return splice.splice((int) arguments[0], (int) arguments[1], (long) arguments[2]);
                    try {
                        return method.invoke(linux, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** Runs the loop until it has nothing to do. */
    void settle() {
        while (reactor.step(0)) continue;
    }

    /** Runs the loop, which waits for events, until a condition holds. */
    void until(String what, BooleanSupplier condition) {
        while (!condition.getAsBoolean()) assertTrue(reactor.step(Patience.MILLIS), what);
    }

    /** Runs the loop until the relay has ended. */
    void untilEnded() {
        until("the relay ends", () -> ended);
    }

    /** The guest writes as many bytes as the pipe takes, at most so many: bytes, or {@code -errno}. */
    long guestWrites(long count) {
        return Syscalls.write(pipe.guestWriter().fd(), bytes, 0, Math.min(count, CHUNK));
    }

    /** The guest reads what there is, at most so many bytes: bytes, 0 at the end, or {@code -errno}. */
    long guestReads(long count) {
        return Syscalls.read(pipe.guestReader().fd(), bytes, 0, Math.min(count, CHUNK));
    }

    /** The peer writes as many bytes as TCP takes, at most so many: bytes, or {@code -errno}. */
    long peerWrites(long count) {
        return Syscalls.write(peer.value(), bytes, 0, Math.min(count, CHUNK));
    }

    /** The peer reads what there is, at most so many bytes: bytes, 0 at the end, or {@code -errno}. */
    long peerReads(long count) {
        return Syscalls.read(peer.value(), bytes, 0, Math.min(count, CHUNK));
    }

    /** Reads to the end, while the loop runs. Returns how many bytes came before it; fails on an error. */
    long toTheEnd(Direction direction) throws Exception {
        long[] came = {0};
        Patience.await("the end", () -> {
            settle();
            long n;
            while ((n = direction.drain(this, CHUNK)) > 0) came[0] += n;
            if (n < 0 && n != -Errno.EAGAIN) fail("read: " + Errno.describe((int) -n));
            return n == 0;
        });
        return came[0];
    }

    /** Fails unless a byte comes across the relay. */
    void assertRelays(Direction direction) throws Exception {
        assertEquals(1, direction.feed(this, 1));
        Patience.await("a byte " + direction, () -> {
            settle();
            return direction.drain(this, 1) == 1;
        });
    }

    /** The peer resets the connection. Returns when the reset has come. */
    void peerResets() throws Exception {
        linux.resetOnClose(peer.value());
        peer.close();
        Patience.await("the reset", () -> mover.isConnectionOver(socket.fd()));
    }

    /** Fails unless the peer sees a reset, behind bytes perhaps. */
    void assertPeerIsReset() throws Exception {
        Patience.await("a reset", () -> {
            long n;
            while ((n = peerReads(CHUNK)) > 0) continue;
            assertTrue(n != 0, "an orderly end");
            return n == -Errno.ECONNRESET;
        });
    }

    @Override
    public void close() {
        relay.close();
        pipe.close();
        peer.close();
        reactor.close();
        mover.close();
        linux.close();
        wakeup.close();
        arena.close();
    }
}
