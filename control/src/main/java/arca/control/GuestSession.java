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
 * The guest's end of a session. It numbers the requests. It takes the monitor's bytes and gives the replies, in any order,
 * each with the request that it answers. The caller writes to the channel and reads from it. On a Unix-domain socket, two
 * descriptors come with each {@link ConnectOk} and {@link IncomingConnection}; the caller receives them, too.
 *
 * <pre>{@code
 * int id = session.ask(request);
 * int length = request.encode(id, buffer, 0); // then write that many bytes
 *
 * session.received(buffer, 0, n);             // n bytes from one read
 * while (session.next()) {
 *     answered(session.requestId(), session.reply());
 * }
 * }</pre>
 *
 * For one thread at a time. A caller that asks in one thread and reads in another needs a lock.
 */
public final class GuestSession {
    private final FrameAssembler frames = new FrameAssembler(Sender.MONITOR);
    private final Map<Integer, Request> outstanding = new HashMap<>();
    int nextId = 1; // not private: tests set it, because a lap takes 4294967295 requests

    private int requestId;
    private Request request;
    private Reply reply;
    private ProtocolException failure;

    /** Creates a session at its beginning. Its first request gets the number 1. */
    public GuestSession() {}

    /**
     * Numbers a request. The request is outstanding from now until its reply is received. It cannot be taken back: a
     * caller that stops waiting must still receive the reply, and the descriptors that may come with it.
     *
     * @param request the request that the caller will send
     * @return the request_id to send, u32; it is never 0, and no outstanding request has it
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
     * Returns how many requests have no reply yet.
     *
     * @return the number of outstanding requests
     */
    public int outstanding() {
        return outstanding.size();
    }

    /**
     * Takes the next bytes from the channel. They may begin and end anywhere in a frame.
     *
     * @param bytes a native or heap segment of the caller, who must not change it until {@link #next} has returned false
     * @param offset where in the segment the bytes begin
     * @param length how many bytes there are
     * @throws IllegalStateException if {@link #next} has not yet returned false for the bytes before
     */
    public void received(MemorySegment bytes, long offset, long length) {
        frames.received(bytes, offset, length);
    }

    /**
     * Advances to the monitor's next reply. Its request is then no longer outstanding.
     *
     * @return true if there is a reply; false if more bytes are needed
     * @throws ProtocolException if the next frame is malformed, or does not answer an outstanding request. The session
     *     is over: every further call throws the same exception
     */
    public boolean next() throws ProtocolException {
        if (failure != null) throw failure;
        try {
            if (!frames.next()) return false;
            int id = Wire.requestId(frames.frame(), frames.offset());
            Reply decoded = Reply.decode(frames.frame(), frames.offset());
            request = answeredBy(decoded, id);
            reply = decoded;
            requestId = id;
            return true;
        } catch (ProtocolException e) {
            failure = e;
            throw e;
        }
    }

    private Request answeredBy(Reply reply, int id) throws ProtocolException {
        Request asked = outstanding.get(id);
        if (asked == null)
            throw unexpected(Reason.UNKNOWN_REQUEST, reply, id, "no outstanding request has this number");
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
        return new ProtocolException(
                reason, reply + " in reply to request " + Integer.toUnsignedString(id) + ": " + asked);
    }

    private static boolean fits(Reply reply, Request asked) {
        return switch (reply) {
            case ListenOk _, ListenErr _ -> asked instanceof ListenRequest;
            case ConnectOk _, ConnectErr _ -> asked instanceof ConnectRequest;
            case IncomingConnection _, AcceptErr _ -> asked instanceof AcceptRequest;
        };
    }

    /**
     * Returns the number of the request that the current reply answers.
     *
     * @return the request_id that {@link #ask} returned, u32
     */
    public int requestId() {
        return requestId;
    }

    /**
     * Returns the request that the current reply answers.
     *
     * @return the object that was given to {@link #ask}
     * @throws IllegalStateException if {@link #next} has not yet returned true
     */
    public Request request() {
        if (request == null) throw new IllegalStateException("no reply yet: next() has not returned true");
        return request;
    }

    /**
     * Returns the current reply.
     *
     * @return the reply to which {@link #next} has advanced; it fits the request
     * @throws IllegalStateException if {@link #next} has not yet returned true
     */
    public Reply reply() {
        if (reply == null) throw new IllegalStateException("no reply yet: next() has not returned true");
        return reply;
    }

    /**
     * Returns whether the bytes received end inside a frame. To be called when {@link #next} has returned false. If it is
     * true, descriptors that no reply has taken belong to that frame. If it is false, they belong to nothing.
     *
     * @return true if the rest of a frame is missing
     */
    public boolean insideFrame() {
        return frames.insideFrame();
    }

    /**
     * Ends the session, because the monitor's bytes have ended. Outstanding requests will get no reply.
     *
     * @throws ProtocolException with TRUNCATED if the bytes ended inside a frame
     * @throws IllegalStateException if {@link #next} has not yet returned false for the bytes before
     */
    public void end() throws ProtocolException {
        frames.end();
    }
}
