package arca.control;

import arca.control.MessageType.Sender;
import java.lang.foreign.MemorySegment;

/**
 * The monitor's end of a session. It takes the guest's bytes and gives the guest's requests, one at a time. The caller
 * reads the channel, and writes the replies with {@link Reply#encode}.
 *
 * <pre>{@code
 * session.received(buffer, 0, n);          // n bytes from one read
 * while (repliesFit() && session.next()) { // may stop after any request and go on later
 *     handle(session.requestId(), session.request());
 * }
 * }</pre>
 *
 * A caller that stops early must not change the buffer, and must read no more, until {@link #next} has returned false. In
 * this way a guest that does not read its replies can send no more requests. For one thread at a time.
 */
public final class MonitorSession {
    private final FrameAssembler frames = new FrameAssembler(Sender.GUEST);
    private int requestId;
    private Request request;

    /** Creates a session at its beginning. */
    public MonitorSession() {}

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
     * Advances to the guest's next request. Allocates nothing but the request.
     *
     * @return true if there is a request; false if more bytes are needed
     * @throws ProtocolException if the next frame is malformed, as soon as its header has been received. The session is
     *     over: every further call throws an exception with the same reason
     */
    public boolean next() throws ProtocolException {
        if (!frames.next()) return false;
        request = Request.decode(frames.frame(), frames.offset());
        requestId = Wire.requestId(frames.frame(), frames.offset());
        return true;
    }

    /**
     * Returns the number of the current request. The reply must carry it.
     *
     * @return the request_id that the guest chose, u32; it may be 0, and it may repeat
     */
    public int requestId() {
        return requestId;
    }

    /**
     * Returns the current request.
     *
     * @return the request to which {@link #next} has advanced
     * @throws IllegalStateException if {@link #next} has not yet returned true
     */
    public Request request() {
        if (request == null) throw new IllegalStateException("no request yet: next() has not returned true");
        return request;
    }

    /**
     * Ends the session, because the guest's bytes have ended.
     *
     * @throws ProtocolException with TRUNCATED if they ended inside a frame. The channel has ended in any case: the
     *     exception only tells the log why
     * @throws IllegalStateException if {@link #next} has not yet returned false for the bytes before
     */
    public void end() throws ProtocolException {
        frames.end();
    }
}
