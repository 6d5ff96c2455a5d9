package arca.control;

import arca.control.MessageType.Sender;
import arca.control.ProtocolException.Reason;
import java.lang.foreign.MemorySegment;

/** A monitor's answer to a guest's {@link Request}. Immutable. */
public sealed interface Reply {
    /** The size of the longest reply's frame, in bytes. */
    int MAX_FRAME_SIZE = MessageType.maxFrameSize(Sender.MONITOR);

    /**
     * Says that the listener exists.
     *
     * @param listenerId the monitor's number for it, u32
     */
    record ListenOk(int listenerId) implements Reply {
        /** Returns the id as an unsigned number. */
        @Override
        public String toString() {
            return "ListenOk[listenerId=" + Integer.toUnsignedString(listenerId) + "]";
        }
    }

    /**
     * Says that the connection is established. On a channel that can carry descriptors, two come with this reply.
     *
     * @param ready the connection; its listener is {@link ConnectionReady#NO_LISTENER}
     */
    record ConnectOk(ConnectionReady ready) implements Reply {
        /** Creates the reply, unless the connection has a listener. */
        public ConnectOk {
            if (ready.listenerId() != ConnectionReady.NO_LISTENER) {
                throw new IllegalArgumentException("the listener of a ConnectOk must be 0: " + ready);
            }
        }
    }

    /**
     * Hands over a connection that a listener has accepted. On a channel that can carry descriptors, two come with this
     * reply.
     *
     * @param ready the connection, with the listener of the AcceptRequest
     */
    record IncomingConnection(ConnectionReady ready) implements Reply {}

    /**
     * Says that there is no listener, and why.
     *
     * @param code a Linux errno, or 1 if there is none, u32
     */
    record ListenErr(int code) implements Reply {
        /** Returns the code as an unsigned number. */
        @Override
        public String toString() {
            return "ListenErr[code=" + Integer.toUnsignedString(code) + "]";
        }
    }

    /**
     * Says that there is no connection, and why.
     *
     * @param code a Linux errno, or 1 if there is none, u32
     */
    record ConnectErr(int code) implements Reply {
        /** Returns the code as an unsigned number. */
        @Override
        public String toString() {
            return "ConnectErr[code=" + Integer.toUnsignedString(code) + "]";
        }
    }

    /**
     * Says that no connection will come for this request, and why.
     *
     * @param code a Linux errno, or 1 if there is none, u32; EBADF for a listener that the guest does not own
     */
    record AcceptErr(int code) implements Reply {
        /** Returns the code as an unsigned number. */
        @Override
        public String toString() {
            return "AcceptErr[code=" + Integer.toUnsignedString(code) + "]";
        }
    }

    /**
     * Decodes the frame that begins at {@code offset}. Bytes after the frame are ignored.
     *
     * @param bytes any segment, native or heap; the caller keeps it
     * @param offset where the frame begins; no alignment is needed
     * @return the reply in the frame
     * @throws ProtocolException if the frame is malformed, or the segment ends inside it
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
            throw new ProtocolException(Reason.WRONG_LISTENER, "the listener of a ConnectOk must be 0: " + ready);
        }
        return new ConnectOk(ready);
    }

    /**
     * Writes the frame of this reply. Allocates nothing.
     *
     * @param requestId the number of the request, u32
     * @param to any writable segment, native or heap; the caller keeps it
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
