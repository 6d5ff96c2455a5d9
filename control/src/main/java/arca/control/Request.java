package arca.control;

import arca.control.MessageType.Sender;
import arca.control.ProtocolException.Reason;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ListenErr;
import java.lang.foreign.MemorySegment;

/** A guest's request to its monitor. Each has one {@link Reply}, which may come late. Immutable. */
public sealed interface Request {
    /** The size of the longest request's frame, in bytes. */
    int MAX_FRAME_SIZE = MessageType.maxFrameSize(Sender.GUEST);

    /**
     * Asks the monitor to listen for TCP connections. The reply comes at once.
     *
     * @param endpoint where to listen
     */
    record ListenRequest(Endpoint endpoint) implements Request {
        /** Refuses an IPv6 address, which revision 1 of the protocol cannot carry. */
        public ListenRequest {
            requireIpv4(endpoint);
        }
    }

    /**
     * Asks the monitor for a TCP connection. The reply comes when the handshake has succeeded or failed.
     *
     * @param endpoint where to connect to
     */
    record ConnectRequest(Endpoint endpoint) implements Request {
        /** Refuses an IPv6 address, which revision 1 of the protocol cannot carry. */
        public ConnectRequest {
            requireIpv4(endpoint);
        }
    }

    /**
     * Asks for the next connection of a listener. The reply comes when there is one.
     *
     * @param listenerId a listener of this guest, u32
     */
    record AcceptRequest(int listenerId) implements Request {
        /** Returns the id as an unsigned number. */
        @Override
        public String toString() {
            return "AcceptRequest[listenerId=" + Integer.toUnsignedString(listenerId) + "]";
        }
    }

    private static void requireIpv4(Endpoint endpoint) {
        if (!endpoint.isIpv4()) {
            throw new IllegalArgumentException(
                    endpoint + ": IPv6 addresses are not possible in revision 1 of the protocol");
        }
    }

    /**
     * Decodes the frame that begins at {@code offset}. Bytes after the frame are ignored.
     *
     * @param bytes any segment, native or heap; the caller keeps it
     * @param offset where the frame begins; no alignment is needed
     * @return the request in the frame
     * @throws ProtocolException if the frame is malformed, or the segment ends inside it
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
     * Writes the frame of this request. Allocates nothing.
     *
     * @param requestId the number that the reply will carry, u32
     * @param to any writable segment, native or heap; the caller keeps it
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
     * Returns the reply that refuses this request.
     *
     * @param code a Linux errno, or 1 if there is none, u32
     * @return a ListenErr, ConnectErr or AcceptErr, as this request needs
     */
    default Reply refusal(int code) {
        return switch (this) {
            case ListenRequest _ -> new ListenErr(code);
            case ConnectRequest _ -> new ConnectErr(code);
            case AcceptRequest _ -> new AcceptErr(code);
        };
    }
}
