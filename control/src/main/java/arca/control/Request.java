package arca.control;

import arca.control.MessageType.Sender;
import arca.control.ProtocolException.Reason;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ListenErr;
import java.lang.foreign.MemorySegment;

/** What a guest asks of its monitor. Each is answered by one {@link Reply}, some of them late. Immutable. */
public sealed interface Request {
    /** Bytes that the longest request's frame needs. */
    int MAX_FRAME_SIZE = MessageType.maxFrameSize(Sender.GUEST);

    /**
     * Listen for TCP connections; answered at once.
     *
     * @param endpoint where
     */
    record ListenRequest(Endpoint endpoint) implements Request {}

    /**
     * Connect by TCP; answered when the handshake has ended.
     *
     * @param endpoint where to
     */
    record ConnectRequest(Endpoint endpoint) implements Request {}

    /**
     * Accept one connection; answered when there is one.
     *
     * @param listenerId a listener of this guest, u32
     */
    record AcceptRequest(int listenerId) implements Request {
        /** The id as an unsigned number. */
        @Override
        public String toString() {
            return "AcceptRequest[listenerId=" + Integer.toUnsignedString(listenerId) + "]";
        }
    }

    /**
     * The request in the frame that begins at {@code offset}; what follows the frame is not looked at.
     *
     * @param bytes any segment, native or heap; stays the caller's
     * @param offset of the frame's first byte; no alignment is needed
     * @return the request
     * @throws ProtocolException if the frame is malformed, or not there to its last byte
     */
    static Request decode(MemorySegment bytes, long offset) throws ProtocolException {
        MessageType type = Wire.typeOfWhole(bytes, offset, Sender.GUEST);
        return switch (type) {
            case LISTEN_REQUEST -> new ListenRequest(Wire.endpoint(bytes, offset));
            case CONNECT_REQUEST -> new ConnectRequest(Wire.endpoint(bytes, offset));
            case ACCEPT_REQUEST -> new AcceptRequest(Wire.listenerId(bytes, offset));
            case LISTEN_OK, CONNECT_OK, INCOMING_CONNECTION, LISTEN_ERR, CONNECT_ERR, ACCEPT_ERR ->
                throw new ProtocolException(Reason.NOT_A_REQUEST, type.toString());
        };
    }

    /**
     * Writes this request's frame. Allocates nothing.
     *
     * @param requestId what the reply will echo, u32
     * @param to any writable segment, native or heap; stays the caller's
     * @param offset where the frame begins; no alignment is needed
     * @return the frame's size in bytes, at most {@link #MAX_FRAME_SIZE}
     * @throws IndexOutOfBoundsException if the segment ends before the frame does
     */
    default int encode(int requestId, MemorySegment to, long offset) {
        return switch (this) {
            case ListenRequest(Endpoint at) -> Wire.putEndpoint(MessageType.LISTEN_REQUEST, requestId, at, to, offset);
            case ConnectRequest(Endpoint at) ->
                Wire.putEndpoint(MessageType.CONNECT_REQUEST, requestId, at, to, offset);
            case AcceptRequest(int listenerId) ->
                Wire.putListenerId(MessageType.ACCEPT_REQUEST, requestId, listenerId, to, offset);
        };
    }

    /**
     * The reply that refuses this request.
     *
     * @param code a Linux errno, or 1 where there is none, u32
     * @return the Err of this request's kind
     */
    default Reply refusal(int code) {
        return switch (this) {
            case ListenRequest _ -> new ListenErr(code);
            case ConnectRequest _ -> new ConnectErr(code);
            case AcceptRequest _ -> new AcceptErr(code);
        };
    }
}
