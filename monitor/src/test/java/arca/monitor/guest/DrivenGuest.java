package arca.monitor.guest;

import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_SNDBUF;
import static arca.monitor.ledger.Ledgers.user;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.ScmRights;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.control.Endpoint;
import arca.control.GuestSession;
import arca.control.Reply;
import arca.control.Request;
import arca.control.Request.ConnectRequest;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.MonitorConfig;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.Ledgers;
import arca.monitor.ledger.Resource;
import arca.monitor.policy.HostName;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Mailbox;
import arca.testkit.Patience;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** The loop of a guest on a real control socket. The test drives the loop, and holds the guest's end of the socket. */
final class DrivenGuest implements AutoCloseable {
    private final EventFd eventfd = EventFd.open();
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment frame = arena.allocate(Request.MAX_FRAME_SIZE);
    private final ScmRights received = new ScmRights(arena, 4096, 2);
    private final GuestSession session = new GuestSession();
    private final GuestAccount account;
    private final GuestLoop loop;

    final Guest guest;
    final Fd socket;

    DrivenGuest(MonitorConfig config) throws IOException {
        this(config, Ledgers.ample());
    }

    DrivenGuest(MonitorConfig config, Ledger ledger) throws IOException {
        account = ledger.open(user(0));
        Sockets.Pair pair = Sockets.pair(SOCK_STREAM | SOCK_NONBLOCK);
        Sockets.setOption(pair.first(), SOL_SOCKET, SO_SNDBUF, 1); // the least there is: a few replies
        socket = pair.second();
        SharedResources shared = new SharedResources(config, ledger);
        loop = new GuestLoop(
                new GuestIdentity(1, 0, 0, Optional.empty()),
                shared.log.of("g1", account.principal()),
                shared,
                account,
                new Mailbox(eventfd.fd().value(), eventfd::signal),
                (kernel, reactor) -> new UnixSocketChannel(
                        kernel, new Descriptor(reactor, pair.first().release())));
        guest = loop.guest();
    }

    /** Returns how many descriptors the guest has by the ledger. */
    long descriptors() {
        return account.used(Resource.DESCRIPTORS);
    }

    /** Returns how many local ports are in use for a destination by the ledger. */
    int ports(Endpoint to) {
        return account.portsOfPrincipal(new SocketAddress.IPv4(to.address().ipv4(), to.port()));
    }

    /** Runs one turn of the loop. Returns whether there was something to do. */
    boolean step() {
        return loop.reactor().step(0);
    }

    /** Runs the loop until it has nothing to do. */
    void settle() {
        while (step()) continue;
    }

    /** Runs the loop, which waits for events, until a condition holds. */
    void until(String what, BooleanSupplier condition) {
        while (!condition.getAsBoolean()) assertTrue(loop.reactor().step(Patience.MILLIS), what);
    }

    /** Sends a request, and returns its number. */
    int ask(Request request) {
        int id = session.ask(request);
        send(frame, request.encode(id, frame, 0));
        return id;
    }

    /** Makes the guest ask for a connection to a host name, as a later revision of the protocol can. */
    int connect(HostName name, int port) {
        int id = session.ask(new ConnectRequest(new Endpoint(0, port))); // so that the session knows the id
        guest.connects().connect(id, name, port);
        return id;
    }

    /** Makes the guest ask for a connection to an address, which may be of IPv6. */
    int connect(Endpoint to) {
        int id = session.ask(new ConnectRequest(new Endpoint(0, to.port())));
        guest.connects().connect(id, to);
        return id;
    }

    /** Sends bytes that no request begins with. */
    void sendGarbage() {
        frame.fill((byte) 0xff);
        send(frame, frame.byteSize());
    }

    private void send(MemorySegment bytes, long length) {
        assertEquals(length, Syscalls.send(socket.value(), bytes.asSlice(0, length), MSG_NOSIGNAL));
    }

    /** Runs the loop until a reply comes, and returns it. */
    Reply reply() throws Exception {
        while (!session.next()) {
            settle();
            long n = receive();
            if (n == -Errno.EAGAIN) assertTrue(loop.reactor().step(Patience.MILLIS), "a reply comes");
            else assertTrue(n > 0, () -> n == 0 ? "the channel has ended" : Errno.describe((int) -n));
        }
        return session.reply();
    }

    /** Returns the number of the request that {@link #reply} has answered. */
    int requestId() {
        return session.requestId();
    }

    /** Takes the next descriptor that came with a reply. */
    Fd takeDescriptor() {
        return received.take();
    }

    /** Fails unless the channel ends now, with no reply before. */
    void assertChannelHasEnded() throws Exception {
        assertTrue(!session.next(), "there is a reply");
        assertEquals(0, receive());
    }

    private long receive() {
        long n = received.receive(socket.value(), MSG_DONTWAIT);
        if (n > 0) session.received(received.bytes(), 0, n);
        return n;
    }

    @Override
    public void close() {
        loop.close();
        received.close();
        socket.close();
        eventfd.close();
        arena.close();
    }
}
