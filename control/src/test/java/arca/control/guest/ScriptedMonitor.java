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

/** The other side of a guest's control channel: it says what the test has it say, right or wrong. */
final class ScriptedMonitor implements AutoCloseable {
    static final Endpoint PEER = Endpoint.parse("192.0.2.1:80");
    static final long RING = 65536;

    /** A request as it came. */
    record Asked(int id, Request request) {}

    /** A data pipe of which the guest has the other ends. */
    record Handed(Fd toGuest, Fd fromGuest) {
        void write(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            assertEquals(bytes.length, Syscalls.write(toGuest.value(), nativeCopy(bytes)));
        }

        /** What a read gives, "" at the end. */
        String read() throws ErrnoException {
            await(fromGuest, POLLIN);
            MemorySegment bytes = Arena.ofAuto().allocate(RING);
            long n = ErrnoException.check("read", Syscalls.read(fromGuest.value(), bytes));
            return new String(bytes.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        }

        /** Returns when nobody has the guest's ends any more. */
        void awaitClosed() throws ErrnoException {
            await(toGuest, 0);
            assertEquals(POLLERR, await(toGuest, 0));
            assertEquals(POLLHUP, await(fromGuest, 0));
        }
    }

    private final Fd in;
    private final Fd out;
    private final ScmRights message = new ScmRights(Arena.ofAuto(), 8192, ScmRights.MAX_DESCRIPTORS);
    private final MemorySegment received = Arena.ofAuto().allocate(7); // so that frames are split
    private final MonitorSession session = new MonitorSession();
    private final List<Fd> open = new ArrayList<>();
    private Optional<Asked> ahead = Optional.empty();
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
        assertEquals(1, poll.poll(Patience.MILLIS), "nothing happened to " + fd);
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

    /** The guest's next request. */
    Asked next() throws Exception {
        while (!hasNext()) {
            await(in, POLLIN);
            long n = Syscalls.read(in.value(), received);
            assertTrue(n > 0, () -> "the guest's bytes ended: " + n);
            session.received(received, 0, n);
        }
        Asked next = ahead.orElseThrow();
        ahead = Optional.empty();
        return next;
    }

    private boolean hasNext() throws Exception {
        if (ahead.isEmpty() && session.next()) ahead = Optional.of(new Asked(session.requestId(), session.request()));
        return ahead.isPresent();
    }

    int nextListen() throws Exception {
        Asked asked = next();
        assertInstanceOf(ListenRequest.class, asked.request());
        return asked.id();
    }

    int nextConnect() throws Exception {
        Asked asked = next();
        assertInstanceOf(ConnectRequest.class, asked.request());
        return asked.id();
    }

    int nextAccept(ArcaListener listener) throws Exception {
        Asked asked = next();
        assertEquals(new AcceptRequest(listener.listenerId()), asked.request());
        return asked.id();
    }

    /** Whether the guest has asked nothing that was not yet read. */
    boolean nothingAsked() throws Exception {
        Poll poll = new Poll(Arena.ofAuto(), 1);
        poll.set(0, in.value(), POLLIN);
        return !hasNext() && poll.poll(0) == 0;
    }

    /** Returns when the guest has closed the channel. */
    void awaitEnd() throws Exception {
        while (true) {
            await(in, POLLIN);
            long n = Syscalls.read(in.value(), received);
            if (n == 0 || n == -Errno.ECONNRESET) return;
            assertTrue(n > 0, () -> Errno.describe((int) -n));
        }
    }

    static byte[] frame(int id, Reply reply) {
        byte[] bytes = new byte[Reply.MAX_FRAME_SIZE];
        return Arrays.copyOf(bytes, reply.encode(id, MemorySegment.ofArray(bytes), 0));
    }

    static byte[] join(byte[]... frames) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] frame : frames) all.writeBytes(frame);
        return all.toByteArray();
    }

    /** One message: bytes, and descriptors that go with the first of them. */
    void send(byte[] bytes, Fd... fds) {
        message.bytes().copyFrom(MemorySegment.ofArray(bytes));
        for (int i = 0; i < fds.length; i++) message.put(i, fds[i].value());
        long n = fds.length > 0
                ? message.send(out.value(), bytes.length, fds.length, MSG_NOSIGNAL)
                : Syscalls.write(out.value(), message.bytes().asSlice(0, bytes.length));
        assertEquals(bytes.length, n, () -> Errno.describe((int) -n));
    }

    void reply(int id, Reply reply) {
        send(frame(id, reply));
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

    /** Answers with a connection, as a monitor does: one message, two descriptors. */
    Handed ready(int id, Reply reply) throws Exception {
        return split(frame(id, reply), 0, frame(id, reply).length);
    }

    /** Sends bytes in two, the descriptors of a data pipe with those from {@code with} on; then those after {@code end}. */
    Handed split(byte[] bytes, int with, int end) throws Exception {
        DataPipe pipe = pipe();
        if (with > 0) send(Arrays.copyOf(bytes, with));
        send(
                Arrays.copyOfRange(bytes, with, end),
                pipe.guests().reader(),
                pipe.guests().writer());
        if (end < bytes.length) send(Arrays.copyOfRange(bytes, end, bytes.length));
        pipe.guests().close();
        return pipe.handed();
    }

    /** A data pipe: the monitor's ends, and the guest's, both the monitor's still. */
    record DataPipe(Handed handed, DataPipes.Ends guests) {}

    DataPipe pipe() throws Exception {
        Pipe toGuest = Pipe.open(0);
        Pipe fromGuest = Pipe.open(0);
        open.addAll(List.of(toGuest.reader(), toGuest.writer(), fromGuest.reader(), fromGuest.writer()));
        return new DataPipe(
                new Handed(toGuest.writer(), fromGuest.reader()),
                new DataPipes.Ends(toGuest.reader(), fromGuest.writer()));
    }

    /** A listener of the guest. */
    ArcaListener listener(ArcaSession guest) throws Exception {
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER));
        reply(nextListen(), new ListenOk(++ids));
        return listen.get();
    }

    /** A connection of the guest, and this end of it. */
    record Connection(ArcaStream stream, Handed handed) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            stream.close();
        }
    }

    Connection connection(ArcaSession guest) throws Exception {
        Task<ArcaStream> connect = Task.of(() -> guest.connect(PEER));
        Handed handed = ready(nextConnect(), connectOk());
        return new Connection(connect.get(), handed);
    }

    /** Dies: everything of it is closed. */
    @Override
    public void close() {
        open.forEach(Fd::close);
    }
}
