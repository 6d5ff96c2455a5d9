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
 * A guest that speaks bytes: it can send what no library would, and it hears replies as they come. What it was handed is
 * its own, and closes with it. One thread.
 */
public final class RawGuest implements AutoCloseable {
    private static final int HEADER = 7;
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** What one recvmsg(2) gave: bytes, none at the end, and the descriptors that came with them. */
    public record Message(byte[] bytes, List<Fd> descriptors) {}

    /** A reply, and the data pipe that came with it. */
    public record Answer(int requestId, Reply reply, Optional<GuestSide> side) {}

    private final Arena arena = Arena.ofConfined();
    private final ScmRights rights = new ScmRights(arena, 4096, 8);
    private final Fd socket;
    private final Queue<Fd> descriptors = new ArrayDeque<>();
    private final List<Fd> handed = new ArrayList<>();
    private byte[] bytes = {}; // received, and not yet part of an answer
    private int lastId;

    public RawGuest(Path control) throws IOException {
        socket = Sockets.connect(SocketAddress.Unix.path(control.toString()));
    }

    // Requests.

    /** Sends a request under the next number, and returns that. */
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

    /** Ends its requests, as shutdown(2) for writing does. */
    public void shutdownOutput() throws IOException {
        Sockets.shutdown(socket, SHUT_WR);
    }

    // Replies.

    /** The next thing to be received; without bytes at the end, also at one that is a reset. */
    public Message receive() {
        Side.await(socket, POLLIN);
        long n = rights.receive(socket.value(), MSG_DONTWAIT);
        if (n == -Errno.ECONNRESET) n = 0; // requests that were not read turn the end into a reset: unix(7)
        assertTrue(n >= 0, "recvmsg failed");
        List<Fd> came = new ArrayList<>();
        while (rights.waiting() > 0) came.add(rights.take());
        handed.addAll(came);
        return new Message(rights.bytes().asSlice(0, n).toArray(ValueLayout.JAVA_BYTE), came);
    }

    /** The next reply, whatever request it answers. */
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

    /** The next reply, which must be to this request. */
    public Reply answerTo(int requestId) throws IOException {
        Answer answer = answer();
        assertEquals(requestId, answer.requestId, () -> "the request of " + answer);
        return answer.reply;
    }

    /** Fails unless the control channel ends now, with no reply before. */
    public void assertEnd() {
        assertEquals(0, bytes.length, "part of a reply is there");
        assertEquals(0, receive().bytes.length, "bytes where the control channel should end");
    }

    /** Whether no reply has come. */
    public boolean isSilent() {
        return bytes.length == 0 && Side.isSilent(socket);
    }

    /** Waits until the monitor's loop has handled all that came before, by a request that it refuses at once. */
    public void sync() throws IOException {
        int id = ask(new AcceptRequest(0));
        assertEquals(new Reply.AcceptErr(Errno.EBADF), answerTo(id));
    }

    // What a guest usually asks for; each fails unless it is had.

    public int listen(Endpoint at) throws IOException {
        int id = ask(new ListenRequest(at));
        return assertInstanceOf(ListenOk.class, answerTo(id)).listenerId();
    }

    public GuestSide connect(Endpoint to) throws IOException {
        return sideFor(ask(new ConnectRequest(to)));
    }

    public GuestSide accept(int listenerId) throws IOException {
        return sideFor(ask(new AcceptRequest(listenerId)));
    }

    public GuestSide sideFor(int requestId) throws IOException {
        Answer answer = answer();
        assertEquals(requestId, answer.requestId, () -> "the request of " + answer);
        return answer.side.orElseThrow(() -> new AssertionError("not a connection: " + answer.reply));
    }

    // Ends.

    /** Closes the control channel, and nothing else. */
    public void hangUp() {
        socket.close();
    }

    /** Closes everything it has, as its death would. */
    public void die() {
        hangUp();
        handed.forEach(Fd::close);
        if (arena.scope().isAlive()) arena.close();
    }

    @Override
    public void close() {
        die();
    }
}
