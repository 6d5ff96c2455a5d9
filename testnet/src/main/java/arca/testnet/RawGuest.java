package arca.testnet;

import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.SHUT_WR;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.Fd;
import arca.bindings.ScmRights;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.control.ConnectionReady;
import arca.control.Endpoint;
import arca.control.ProtocolException;
import arca.control.Reply;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenOk;
import arca.control.Request;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;

/**
 * A guest that sends and receives the protocol's bytes itself, so it can also send what no library would send. It owns the
 * descriptors that it receives, and closes them when it is closed. For use by one thread.
 */
public final class RawGuest implements AutoCloseable {
    private static final int HEADER = 7;
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The result of one recvmsg(2): the bytes, none at the end of the stream, and the descriptors that came with them. */
    public record Message(byte[] bytes, List<Fd> descriptors) {}

    /** A reply, and the data pipe that came with it, if one did. */
    public record Answer(int requestId, Reply reply, Optional<GuestSide> side) {}

    private final Arena arena = Arena.ofConfined();
    private final ScmRights rights = new ScmRights(arena, 4096, 8);
    private final Fd socket;
    private final Queue<Fd> descriptors = new ArrayDeque<>();
    private final List<Fd> received = new ArrayList<>();
    private byte[] bytes = {}; // received, but not returned as part of an answer yet
    private int lastId;

    public RawGuest(Path control) throws IOException {
        socket = Sockets.connect(SocketAddress.Unix.path(control.toString()));
    }

    // Requests.

    /** Sends a request with the next request id, and returns the id. */
    public int ask(Request request) {
        send(++lastId, request);
        return lastId;
    }

    public void send(int requestId, Request request) {
        send(frame(requestId, request));
    }

    public static byte[] frame(int requestId, Request request) {
        byte[] frame = new byte[Request.MAX_FRAME_SIZE];
        return Arrays.copyOf(frame, request.encode(requestId, MemorySegment.ofArray(frame), 0));
    }

    public void send(byte[] raw) {
        try (Arena own = Arena.ofConfined()) {
            long n = Syscalls.send(
                    socket.value(), own.allocateFrom(ValueLayout.JAVA_BYTE, raw), MSG_DONTWAIT | MSG_NOSIGNAL);
            assertEquals(raw.length, n, () -> "send: " + Errno.describe((int) -n));
        }
    }

    /** Shuts the control socket down for writing: shutdown(2), SHUT_WR. */
    public void shutdownOutput() throws IOException {
        Sockets.shutdown(socket, SHUT_WR);
    }

    // Replies.

    /** Waits for the next message, and returns it. A reset counts as the end of the stream. */
    public Message receive() {
        Side.await(socket, POLLIN);
        long n = rights.receive(socket.value(), MSG_DONTWAIT);
        if (n == -Errno.ECONNRESET) n = 0; // the monitor closed the socket without reading all requests: unix(7)
        assertTrue(n >= 0, "recvmsg failed");
        List<Fd> came = new ArrayList<>();
        while (rights.waiting() > 0) came.add(rights.take());
        received.addAll(came);
        return new Message(rights.bytes().asSlice(0, n).toArray(ValueLayout.JAVA_BYTE), came);
    }

    /**
     * Reads bytes with recv(2), which has no room for descriptors. The kernel closes those that came with the bytes.
     *
     * @param flags {@code MSG_*}
     * @return how many bytes, or {@code -errno}
     */
    public long receiveWithoutDescriptors(int flags) {
        return Syscalls.recv(socket.value(), rights.bytes(), flags);
    }

    /** Waits for the next reply to any request, and returns it. */
    public Answer answer() throws IOException {
        while (bytes.length < HEADER || bytes.length < frameSize()) {
            Message message = receive();
            assertTrue(message.bytes.length > 0, "the control channel has ended");
            int before = bytes.length;
            bytes = Arrays.copyOf(bytes, before + message.bytes.length);
            System.arraycopy(message.bytes, 0, bytes, before, message.bytes.length);
            descriptors.addAll(message.descriptors);
        }
        MemorySegment frame = MemorySegment.ofArray(Arrays.copyOf(bytes, frameSize()));
        bytes = Arrays.copyOfRange(bytes, frameSize(), bytes.length);
        try {
            Reply reply = Reply.decode(frame, 0);
            return new Answer(frame.get(U32, 3), reply, side(reply));
        } catch (ProtocolException e) {
            throw new AssertionError(e);
        }
    }

    private int frameSize() {
        return HEADER + Short.toUnsignedInt(MemorySegment.ofArray(bytes).get(U16, 1));
    }

    private Optional<GuestSide> side(Reply reply) throws IOException {
        ConnectionReady ready;
        switch (reply) {
            case ConnectOk(ConnectionReady of) -> ready = of;
            case IncomingConnection(ConnectionReady of) -> ready = of;
            default -> {
                return Optional.empty();
            }
        }
        return Optional.of(new GuestSide(descriptors.remove(), descriptors.remove(), ready));
    }

    /** Waits for the next reply, and returns it. Fails if it is the reply to another request. */
    public Reply answerTo(int requestId) throws IOException {
        Answer answer = answer();
        assertEquals(requestId, answer.requestId, () -> "the request of " + answer);
        return answer.reply;
    }

    /** Waits for the end of the control channel. Fails if a reply comes first. */
    public void assertEnd() {
        assertEquals(0, bytes.length, "part of a reply is there");
        assertEquals(0, receive().bytes.length, "bytes where the control channel should end");
    }

    /** Tells whether no reply has arrived. */
    public boolean isSilent() {
        return bytes.length == 0 && Side.isSilent(socket);
    }

    /** Waits until the monitor's loop has handled all earlier requests: sends a request that it refuses at once. */
    public void sync() throws IOException {
        int id = ask(new AcceptRequest(0));
        assertEquals(new Reply.AcceptErr(Errno.EBADF), answerTo(id));
    }

    // The usual requests. Each method fails if the request fails.

    public int listen(Endpoint at) throws IOException {
        int id = ask(new ListenRequest(at));
        return assertInstanceOf(ListenOk.class, answerTo(id)).listenerId();
    }

    public GuestSide connect(Endpoint to) throws IOException {
        return connectionFor(ask(new ConnectRequest(to)));
    }

    public GuestSide accept(int listenerId) throws IOException {
        return connectionFor(ask(new AcceptRequest(listenerId)));
    }

    /** Waits for the reply to a request, which must be a connection, and returns the guest's side of it. */
    public GuestSide connectionFor(int requestId) throws IOException {
        Answer answer = answer();
        assertEquals(requestId, answer.requestId, () -> "the request of " + answer);
        return answer.side.orElseThrow(() -> new AssertionError("not a connection: " + answer.reply));
    }

    // Ends.

    /** Closes the control channel only. Connections stay open. */
    public void closeControl() {
        socket.close();
    }

    /** Closes everything that this guest has, as the kernel does when a process ends. */
    public void closeAll() {
        closeControl();
        received.forEach(Fd::close);
        if (arena.scope().isAlive()) arena.close();
    }

    @Override
    public void close() {
        closeAll();
    }
}
