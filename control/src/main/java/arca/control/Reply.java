package arca.control;

import arca.control.MessageType.Sender;
import arca.control.ProtocolException.Reason;
import java.lang.foreign.MemorySegment;

/** What a monitor answers to a guest's {@link Request}. Immutable. */
public sealed interface Reply {
    /** Bytes that the longest reply's frame needs. */
    int MAX_FRAME_SIZE = MessageType.maxFrameSize(Sender.MONITOR);

    /**
     * The listener is there.
     *
     * @param listenerId the monitor's number for it, u32
     */
    record ListenOk(int listenerId) implements Reply {
        /** The id as an unsigned number. */
        @Override
        public String toString() {
            return "ListenOk[listenerId=" + Integer.toUnsignedString(listenerId) + "]";
        }
    }

    /**
     * The connection stands. Two descriptors belong to this reply, where the channel can carry them.
     *
     * @param ready the connection, of {@link ConnectionReady#NO_LISTENER}
     */
    record ConnectOk(ConnectionReady ready) implements Reply {
        /** Refuses a connection that came in by a listener. */
        public ConnectOk {
            if (ready.listenerId() != ConnectionReady.NO_LISTENER) {
                throw new IllegalArgumentException("a connection that was asked for has no listener: " + ready);
            }
        }
    }

    /**
     * A connection has come in: the good answer to an AcceptRequest. Two descriptors belong to this reply, where the
     * channel can carry them.
     *
     * @param ready the connection and the listener it came in by
     */
    record IncomingConnection(ConnectionReady ready) implements Reply {}

    /**
     * There is no listener.
     *
     * @param code a Linux errno, or 1 where there is none, u32
     */
    record ListenErr(int code) implements Reply {
        /** The code as an unsigned number. */
        @Override
        public String toString() {
            return "ListenErr[code=" + Integer.toUnsignedString(code) + "]";
        }
    }

    /**
     * There is no connection.
     *
     * @param code a Linux errno, or 1 where there is none, u32
     */
    record ConnectErr(int code) implements Reply {
        /** The code as an unsigned number. */
        @Override
        public String toString() {
            return "ConnectErr[code=" + Integer.toUnsignedString(code) + "]";
        }
    }

    /**
     * No connection will come for this request.
     *
     * @param code a Linux errno, or 1 where there is none, u32; EBADF for a listener that the guest does not own
     */
    record AcceptErr(int code) implements Reply {
        /** The code as an unsigned number. */
        @Override
        public String toString() {
            return "AcceptErr[code=" + Integer.toUnsignedString(code) + "]";
        }
    }

    /**
     * The reply in the frame that begins at {@code offset}; what follows the frame is not looked at.
     *
     * @param bytes any segment, native or heap; stays the caller's
     * @param offset of the frame's first byte; no alignment is needed
     * @return the reply
     * @throws ProtocolException if the frame is malformed, or not there to its last byte
     */
    static Reply decode(MemorySegment bytes, long offset) throws ProtocolException {
        MessageType type = Wire.typeOfWhole(bytes, offset, Sender.MONITOR);
        return switch (type) {
            case LISTEN_OK -> new ListenOk(Wire.listenerId(bytes, offset));
            case CONNECT_OK -> connectOk(Wire.connectionReady(bytes, offset));
            case INCOMING_CONNECTION -> new IncomingConnection(Wire.connectionReady(bytes, offset));
            case LISTEN_ERR -> new ListenErr(Wire.code(bytes, offset));
            case CONNECT_ERR -> new ConnectErr(Wire.code(bytes, offset));
            case ACCEPT_ERR -> new AcceptErr(Wire.code(bytes, offset));
            case LISTEN_REQUEST, CONNECT_REQUEST, ACCEPT_REQUEST ->
                throw new ProtocolException(Reason.NOT_A_REPLY, type.toString());
        };
    }

    private static ConnectOk connectOk(ConnectionReady ready) throws ProtocolException {
        if (ready.listenerId() != ConnectionReady.NO_LISTENER) {
            throw new ProtocolException(Reason.WRONG_LISTENER, "ConnectOk with " + ready);
        }
        return new ConnectOk(ready);
    }

    /**
     * Writes this reply's frame. Allocates nothing.
     *
     * @param requestId the request's, u32
     * @param to any writable segment, native or heap; stays the caller's
     * @param offset where the frame begins; no alignment is needed
     * @return the frame's size in bytes, at most {@link #MAX_FRAME_SIZE}
     * @throws IndexOutOfBoundsException if the segment ends before the frame does
     */
    default int encode(int requestId, MemorySegment to, long offset) {
        return switch (this) {
            case ListenOk(int listenerId) ->
                Wire.putListenerId(MessageType.LISTEN_OK, requestId, listenerId, to, offset);
            case ConnectOk(ConnectionReady ready) ->
                Wire.putConnectionReady(MessageType.CONNECT_OK, requestId, ready, to, offset);
            case IncomingConnection(ConnectionReady ready) ->
                Wire.putConnectionReady(MessageType.INCOMING_CONNECTION, requestId, ready, to, offset);
            case ListenErr(int code) -> Wire.putCode(MessageType.LISTEN_ERR, requestId, code, to, offset);
            case ConnectErr(int code) -> Wire.putCode(MessageType.CONNECT_ERR, requestId, code, to, offset);
            case AcceptErr(int code) -> Wire.putCode(MessageType.ACCEPT_ERR, requestId, code, to, offset);
        };
    }
}
