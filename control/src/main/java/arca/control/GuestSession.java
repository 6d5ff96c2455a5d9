package arca.control;

import arca.control.MessageType.Sender;
import arca.control.ProtocolException.Reason;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenErr;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * The guest's end of a session: it numbers requests, and finds for each reply, in whatever order they come, the request
 * that it answers. The caller writes and reads the channel; two descriptors come with each {@link ConnectOk} and
 * {@link IncomingConnection} on a Unix-domain socket, and they are the caller's too.
 *
 * <pre>{@code
 * int id = session.ask(request);           // then write request.encode(id, buffer, 0) bytes
 *
 * session.received(buffer, 0, n);          // what one read gave
 * while (session.next()) {
 *     answered(session.requestId(), session.reply());
 * }
 * }</pre>
 *
 * Not for more than one thread at a time: who asks in one and reads in another brings a lock.
 */
public final class GuestSession {
    private final FrameAssembler frames = new FrameAssembler(Sender.MONITOR);
    private final Map<Integer, Request> outstanding = new HashMap<>();
    int nextId = 1; // tests move it on: a lap takes 4294967295 requests

    private int requestId;
    private Request request;
    private Reply reply;
    private ProtocolException failure;

    /** A session in which nothing was said yet; its first request has the number 1. */
    public GuestSession() {}

    /**
     * Numbers a request, which is outstanding from now until its reply has come. There is no way to take it back:
     * whoever stops waiting must still expect the reply, and the descriptors that may come with it.
     *
     * @param request what will be sent
     * @return the request_id to send it with, u32: never 0, nor one that is outstanding
     */
    public int ask(Request request) {
        int id;
        do {
            id = nextId++;
        } while (id == 0 || outstanding.containsKey(id));
        outstanding.put(id, request);
        return id;
    }

    /**
     * How many requests have no reply yet.
     *
     * @return their number
     */
    public int outstanding() {
        return outstanding.size();
    }

    /**
     * Takes bytes as they came, split anywhere.
     *
     * @param bytes native or heap; stays the caller's, who must not change it until {@link #next} has answered false
     * @param offset of the first byte
     * @param length how many bytes
     * @throws IllegalStateException if {@link #next} has not yet answered false to the bytes before
     */
    public void received(MemorySegment bytes, long offset, long length) {
        frames.received(bytes, offset, length);
    }

    /**
     * Goes on to the monitor's next reply, whose request is then no longer outstanding.
     *
     * @return whether there is one; false when all bytes received were taken and more are needed
     * @throws ProtocolException if the next frame is malformed, or does not answer an outstanding request. The session
     *     is over: every further call throws the same
     */
    public boolean next() throws ProtocolException {
        if (failure != null) throw failure;
        try {
            if (!frames.next()) return false;
            int id = Wire.requestId(frames.frame(), frames.offset());
            Reply came = Reply.decode(frames.frame(), frames.offset());
            request = answeredBy(came, id);
            reply = came;
            requestId = id;
            return true;
        } catch (ProtocolException e) {
            failure = e;
            throw e;
        }
    }

    private Request answeredBy(Reply reply, int id) throws ProtocolException {
        Request asked = outstanding.get(id);
        if (asked == null) throw unexpected(Reason.UNKNOWN_REQUEST, reply, id, "nothing outstanding");
        if (!fits(reply, asked)) throw unexpected(Reason.WRONG_REPLY, reply, id, asked.toString());
        if (asked instanceof AcceptRequest(int listenerId)
                && reply instanceof IncomingConnection(ConnectionReady ready)
                && ready.listenerId() != listenerId) {
            throw unexpected(Reason.WRONG_LISTENER, reply, id, asked.toString());
        }
        outstanding.remove(id);
        return asked;
    }

    private static ProtocolException unexpected(Reason reason, Reply reply, int id, String asked) {
        return new ProtocolException(reason, reply + " to request " + Integer.toUnsignedString(id) + ": " + asked);
    }

    private static boolean fits(Reply reply, Request asked) {
        return switch (reply) {
            case ListenOk _, ListenErr _ -> asked instanceof ListenRequest;
            case ConnectOk _, ConnectErr _ -> asked instanceof ConnectRequest;
            case IncomingConnection _, AcceptErr _ -> asked instanceof AcceptRequest;
        };
    }

    /**
     * The number of the request that {@link #next} found answered.
     *
     * @return the request_id, as {@link #ask} gave it
     */
    public int requestId() {
        return requestId;
    }

    /**
     * The request that {@link #next} found answered.
     *
     * @return the request, as {@link #ask} took it
     * @throws IllegalStateException if no reply has come yet
     */
    public Request request() {
        if (request == null) throw new IllegalStateException("no reply has come yet");
        return request;
    }

    /**
     * The reply that {@link #next} went on to.
     *
     * @return the reply, of the request's kind
     * @throws IllegalStateException if none has come yet
     */
    public Reply reply() {
        if (reply == null) throw new IllegalStateException("no reply has come yet");
        return reply;
    }

    /**
     * Whether the bytes received end inside a frame. Descriptors that have come but belong to no reply yet are then those
     * of the frame that has begun; else nobody announced them.
     *
     * @return true if more of a frame must come; asked when {@link #next} has answered false
     */
    public boolean insideFrame() {
        return frames.insideFrame();
    }

    /**
     * Says that the monitor's bytes have ended. What is outstanding then will never be answered.
     *
     * @throws ProtocolException TRUNCATED if they ended inside a frame
     * @throws IllegalStateException if {@link #next} has not yet answered false to the bytes before
     */
    public void end() throws ProtocolException {
        frames.end();
    }
}
