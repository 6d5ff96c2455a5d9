package arca.control.guest;

import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.Constants.POLLERR;
import static arca.bindings.Constants.POLLHUP;
import static arca.bindings.Constants.POLLIN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.bindings.Poll;
import arca.bindings.ScmRights;
import arca.bindings.Syscalls;
import arca.control.ConnectionReady;
import arca.control.DataPipeInfo;
import arca.control.Endpoint;
import arca.control.Frames;
import arca.control.MonitorSession;
import arca.control.Reply;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenOk;
import arca.control.Request;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import arca.testkit.Patience;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The monitor's side of a control channel. It sends what a test tells it to send, right or wrong. */
final class ScriptedMonitor implements AutoCloseable {
    static final Endpoint PEER = Endpoint.parse("192.0.2.1:80");
    static final long RING = 65536;

    /** A request that was received, and its number. */
    record ReceivedRequest(int id, Request request) {}

    /** The monitor's ends of a data pipe. A test uses them in the place of the TCP peer. */
    record PeerEnds(Fd toGuest, Fd fromGuest) {
        void write(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            assertEquals(bytes.length, Syscalls.write(toGuest.value(), nativeCopy(bytes)));
        }

        /** Returns what one read returns; "" at the end. */
        String read() throws ErrnoException {
            await(fromGuest, POLLIN);
            MemorySegment bytes = Arena.ofAuto().allocate(RING);
            long n = ErrnoException.check("read", Syscalls.read(fromGuest.value(), bytes));
            return new String(bytes.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        }

        /** Waits until both of the guest's ends are closed. */
        void awaitClosed() throws ErrnoException {
            await(toGuest, 0);
            assertEquals(POLLERR, await(toGuest, 0));
            assertEquals(POLLHUP, await(fromGuest, 0));
        }
    }

    private final Fd in;
    private final Fd out;
    private final ScmRights message = new ScmRights(Arena.ofAuto(), 8192, ScmRights.MAX_DESCRIPTORS);
    private final MemorySegment received = Arena.ofAuto().allocate(7); // so small that it splits frames
    private final MonitorSession session = new MonitorSession();
    private final List<Fd> open = new ArrayList<>();
    private Optional<ReceivedRequest> ahead = Optional.empty();
    private int ids;

    /** Takes ownership of a connected Unix socket. */
    ScriptedMonitor(Fd socket) {
        this(socket, socket);
    }

    ScriptedMonitor(Fd in, Fd out) {
        this.in = in;
        this.out = out;
        open.add(in);
        open.add(out);
    }

    static int await(Fd fd, int events) throws ErrnoException {
        Poll poll = new Poll(Arena.ofAuto(), 1);
        poll.set(0, fd.value(), events);
        assertEquals(1, poll.poll(Patience.MILLIS), "no event for " + fd);
        return poll.revents(0);
    }

    static MemorySegment nativeCopy(byte[] bytes) {
        return Arena.ofAuto()
                .allocate(Math.max(1, bytes.length))
                .asSlice(0, bytes.length)
                .copyFrom(MemorySegment.ofArray(bytes));
    }

    Fd in() {
        return in;
    }

    /** Returns the guest's next request; waits for it. */
    ReceivedRequest next() throws Exception {
        while (!hasNext()) {
            await(in, POLLIN);
            long n = Syscalls.read(in.value(), received);
            assertTrue(n > 0, () -> "the guest has ended the channel: " + n);
            session.received(received, 0, n);
        }
        ReceivedRequest next = ahead.orElseThrow();
        ahead = Optional.empty();
        return next;
    }

    private boolean hasNext() throws Exception {
        if (ahead.isEmpty() && session.next())
            ahead = Optional.of(new ReceivedRequest(session.requestId(), session.request()));
        return ahead.isPresent();
    }

    int nextListen() throws Exception {
        ReceivedRequest asked = next();
        assertInstanceOf(ListenRequest.class, asked.request());
        return asked.id();
    }

    int nextConnect() throws Exception {
        ReceivedRequest asked = next();
        assertInstanceOf(ConnectRequest.class, asked.request());
        return asked.id();
    }

    int nextAccept(ArcaListener listener) throws Exception {
        ReceivedRequest asked = next();
        assertEquals(new AcceptRequest(listener.listenerId()), asked.request());
        return asked.id();
    }

    /** Returns whether there is no request that {@link #next} has not returned. */
    boolean hasNoRequest() throws Exception {
        Poll poll = new Poll(Arena.ofAuto(), 1);
        poll.set(0, in.value(), POLLIN);
        return !hasNext() && poll.poll(0) == 0;
    }

    /** Waits until the guest has closed the channel. */
    void awaitEnd() throws Exception {
        while (true) {
            await(in, POLLIN);
            long n = Syscalls.read(in.value(), received);
            if (n == 0 || n == -Errno.ECONNRESET) return;
            assertTrue(n > 0, () -> Errno.describe((int) -n));
        }
    }

    static byte[] join(byte[]... frames) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] frame : frames) all.writeBytes(frame);
        return all.toByteArray();
    }

    /** Sends one message: bytes, and descriptors together with the first of them. */
    void send(byte[] bytes, Fd... fds) {
        message.bytes().copyFrom(MemorySegment.ofArray(bytes));
        for (int i = 0; i < fds.length; i++) message.put(i, fds[i].value());
        long n = fds.length > 0
                ? message.send(out.value(), bytes.length, fds.length, MSG_NOSIGNAL)
                : Syscalls.write(out.value(), message.bytes().asSlice(0, bytes.length));
        assertEquals(bytes.length, n, () -> Errno.describe((int) -n));
    }

    void reply(int id, Reply reply) {
        send(Frames.of(id, reply));
    }

    ConnectOk connectOk() {
        return new ConnectOk(ready(ConnectionReady.NO_LISTENER));
    }

    IncomingConnection incoming(ArcaListener listener) {
        return incoming(listener.listenerId());
    }

    IncomingConnection incoming(int listenerId) {
        return new IncomingConnection(ready(listenerId));
    }

    private ConnectionReady ready(int listenerId) {
        ids++;
        return new ConnectionReady(listenerId, ids, new DataPipeInfo(-ids, RING));
    }

    /** Sends a ready frame as a monitor does: in one message, with the two descriptors of a new data pipe. */
    PeerEnds sendReady(int id, Reply reply) throws Exception {
        return sendSplit(Frames.of(id, reply), 0, Frames.of(id, reply).length);
    }

    /**
     * Sends bytes in up to three messages, split at {@code from} and {@code to}. The two descriptors of a new data pipe
     * come with the bytes between those.
     */
    PeerEnds sendSplit(byte[] bytes, int from, int to) throws Exception {
        DataPipe pipe = pipe();
        if (from > 0) send(Arrays.copyOf(bytes, from));
        send(
                Arrays.copyOfRange(bytes, from, to),
                pipe.guests().reader(),
                pipe.guests().writer());
        if (to < bytes.length) send(Arrays.copyOfRange(bytes, to, bytes.length));
        pipe.guests().close();
        return pipe.peer();
    }

    /** A new data pipe, all of whose ends are still the monitor's. */
    record DataPipe(PeerEnds peer, DataPipes.Ends guests) {}

    DataPipe pipe() throws Exception {
        Pipe toGuest = Pipe.open(0);
        Pipe fromGuest = Pipe.open(0);
        open.addAll(List.of(toGuest.reader(), toGuest.writer(), fromGuest.reader(), fromGuest.writer()));
        return new DataPipe(
                new PeerEnds(toGuest.writer(), fromGuest.reader()),
                new DataPipes.Ends(toGuest.reader(), fromGuest.writer()));
    }

    /** Opens a listener of the guest. */
    ArcaListener openListener(ArcaSession guest) throws Exception {
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER));
        reply(nextListen(), new ListenOk(++ids));
        return listen.get();
    }

    /** A connection of the guest, and the monitor's ends of its data pipe. */
    record Connection(ArcaStream stream, PeerEnds peer) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            stream.close();
        }
    }

    /** Opens a connection of the guest. */
    Connection openConnection(ArcaSession guest) throws Exception {
        Task<ArcaStream> connect = Task.of(() -> guest.connect(PEER));
        PeerEnds peer = sendReady(nextConnect(), connectOk());
        return new Connection(connect.get(), peer);
    }

    /** Closes everything that it has opened, as the death of a monitor does. */
    @Override
    public void close() {
        open.forEach(Fd::close);
    }
}
