package arca.control;

import arca.control.MessageType.Sender;
import java.lang.foreign.MemorySegment;

/**
 * The monitor's end of a session: the guest's bytes go in, its requests come out, one at a time. The caller reads the
 * channel and writes the replies ({@link Reply#encode}); a session knows neither.
 *
 * <pre>{@code
 * session.received(buffer, 0, n);          // what one read gave
 * while (repliesFit() && session.next()) { // stop at any frame, and go on later
 *     handle(session.requestId(), session.request());
 * }
 * }</pre>
 *
 * Whoever stops early keeps the buffer as it is and reads no more until {@link #next} has answered false: so a guest
 * that does not read its replies is not read either. Not for more than one thread at a time.
 */
public final class MonitorSession {
    private final FrameAssembler frames = new FrameAssembler(Sender.GUEST);
    private int requestId;
    private Request request;

    /** A session in which nothing was said yet. */
    public MonitorSession() {}

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
     * Goes on to the guest's next request. Allocates its record and nothing else.
     *
     * @return whether there is one; false when all bytes received were taken and more are needed
     * @throws ProtocolException if the next frame is malformed, as soon as its header is there. The session is over:
     *     every further call throws the same reason
     */
    public boolean next() throws ProtocolException {
        if (!frames.next()) return false;
        request = Request.decode(frames.frame(), frames.offset());
        requestId = Wire.requestId(frames.frame(), frames.offset());
        return true;
    }

    /**
     * The number of the request that {@link #next} went on to; its reply must carry it.
     *
     * @return the request_id as the guest chose it, u32: any value, 0 and repeats too
     */
    public int requestId() {
        return requestId;
    }

    /**
     * The request that {@link #next} went on to.
     *
     * @return the request
     * @throws IllegalStateException if there was none yet
     */
    public Request request() {
        if (request == null) throw new IllegalStateException("no request has come yet");
        return request;
    }

    /**
     * Says that the guest's bytes have ended.
     *
     * @throws ProtocolException TRUNCATED if they ended inside a frame. The channel ends either way; this is for the log
     * @throws IllegalStateException if {@link #next} has not yet answered false to the bytes before
     */
    public void end() throws ProtocolException {
        frames.end();
    }
}
