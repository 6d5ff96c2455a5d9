package arca.control;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import arca.control.MessageType.Sender;
import arca.control.ProtocolException.Reason;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The layouts of PROTOCOL.md, with its names, and access to their fields. A frame may lie at any offset of any segment.
 * Payload fields must be read only after {@link #type} has returned: it has checked that they exist.
 */
final class Wire {
    private static final ValueLayout.OfByte U8 = JAVA_BYTE;
    private static final ValueLayout.OfShort U16 = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt OCTETS = JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    static final StructLayout HEADER =
            structLayout(U8.withName("message_type"), U16.withName("payload_len"), U32.withName("request_id"));
    static final StructLayout ENDPOINT = structLayout(OCTETS.withName("ipv4"), U16.withName("port"));
    static final StructLayout DATA_PIPE_INFO = structLayout(U32.withName("pipe_id"), U64.withName("ring_size"));
    static final StructLayout CONNECTION_READY = structLayout(
            U32.withName("listener_id"), U32.withName("connection_id"), DATA_PIPE_INFO.withName("data_pipe"));
    static final StructLayout LISTENER = structLayout(U32.withName("listener_id"));
    static final StructLayout FAILURE = structLayout(U32.withName("code"));

    static final int MAX_PAYLOAD = 256;
    static final int HEADER_SIZE = Math.toIntExact(HEADER.byteSize());
    static final int MAX_FRAME = HEADER_SIZE + MAX_PAYLOAD;

    private static final VarHandle MESSAGE_TYPE = HEADER.varHandle(groupElement("message_type"));
    private static final VarHandle PAYLOAD_LEN = HEADER.varHandle(groupElement("payload_len"));
    private static final VarHandle REQUEST_ID = HEADER.varHandle(groupElement("request_id"));

    private static final VarHandle IPV4 = payload(ENDPOINT, groupElement("ipv4"));
    private static final VarHandle PORT = payload(ENDPOINT, groupElement("port"));
    private static final VarHandle LISTENER_ID = payload(LISTENER, groupElement("listener_id"));
    private static final VarHandle CODE = payload(FAILURE, groupElement("code"));
    private static final VarHandle READY_LISTENER_ID = payload(CONNECTION_READY, groupElement("listener_id"));
    private static final VarHandle READY_CONNECTION_ID = payload(CONNECTION_READY, groupElement("connection_id"));
    private static final VarHandle READY_PIPE_ID =
            payload(CONNECTION_READY, groupElement("data_pipe"), groupElement("pipe_id"));
    private static final VarHandle READY_RING_SIZE =
            payload(CONNECTION_READY, groupElement("data_pipe"), groupElement("ring_size"));

    private Wire() {}

    /** Returns a handle for a field of a payload. Its offset is that of the frame's first byte. */
    private static VarHandle payload(StructLayout payload, PathElement... field) {
        PathElement[] path = new PathElement[1 + field.length];
        path[0] = groupElement("payload");
        System.arraycopy(field, 0, path, 1, field.length);
        MemoryLayout frame = structLayout(HEADER.withName("header"), payload.withName("payload"));
        return frame.varHandle(path);
    }

    /**
     * Validates the header at {@code offset} and returns the frame's type. The payload is not read.
     */
    static MessageType type(MemorySegment frame, long offset, Sender sender) throws ProtocolException {
        MessageType type = MessageType.of(Byte.toUnsignedInt((byte) MESSAGE_TYPE.get(frame, offset)));
        if (type.sender() != sender) {
            Reason reason = switch (sender) {
                case GUEST -> Reason.NOT_A_REQUEST;
                case MONITOR -> Reason.NOT_A_REPLY;
            };
            throw new ProtocolException(reason, type.toString());
        }
        int length = Short.toUnsignedInt((short) PAYLOAD_LEN.get(frame, offset));
        if (length != type.payloadSize()) {
            throw new ProtocolException(
                    length > MAX_PAYLOAD ? Reason.PAYLOAD_TOO_LONG : Reason.WRONG_PAYLOAD_LENGTH,
                    "payload_len is " + length + ", and must be " + type.payloadSize() + " for " + type);
        }
        return type;
    }

    /** Validates a frame as {@link #type} does, and throws TRUNCATED if the segment ends inside it. */
    static MessageType typeOfWhole(MemorySegment frame, long offset, Sender sender) throws ProtocolException {
        long there = frame.byteSize() - offset;
        if (there < HEADER_SIZE) throw new ProtocolException(Reason.TRUNCATED, "only " + there + " bytes of a header");
        MessageType type = type(frame, offset, sender);
        if (there < type.frameSize()) {
            throw new ProtocolException(
                    Reason.TRUNCATED, "only " + there + " of the " + type.frameSize() + " bytes of " + type);
        }
        return type;
    }

    static int requestId(MemorySegment frame, long offset) {
        return (int) REQUEST_ID.get(frame, offset);
    }

    static Endpoint endpoint(MemorySegment frame, long offset) {
        return new Endpoint((int) IPV4.get(frame, offset), Short.toUnsignedInt((short) PORT.get(frame, offset)));
    }

    static int listenerId(MemorySegment frame, long offset) {
        return (int) LISTENER_ID.get(frame, offset);
    }

    static int code(MemorySegment frame, long offset) {
        return (int) CODE.get(frame, offset);
    }

    static ConnectionReady connectionReady(MemorySegment frame, long offset) {
        return new ConnectionReady(
                (int) READY_LISTENER_ID.get(frame, offset),
                (int) READY_CONNECTION_ID.get(frame, offset),
                new DataPipeInfo((int) READY_PIPE_ID.get(frame, offset), (long) READY_RING_SIZE.get(frame, offset)));
    }

    private static int putHeader(MessageType type, int requestId, MemorySegment to, long offset) {
        MESSAGE_TYPE.set(to, offset, (byte) type.number());
        PAYLOAD_LEN.set(to, offset, (short) type.payloadSize());
        REQUEST_ID.set(to, offset, requestId);
        return type.frameSize();
    }

    static int putEndpoint(MessageType type, int requestId, Endpoint at, MemorySegment to, long offset) {
        IPV4.set(to, offset, at.ipv4());
        PORT.set(to, offset, (short) at.port());
        return putHeader(type, requestId, to, offset);
    }

    static int putListenerId(MessageType type, int requestId, int listenerId, MemorySegment to, long offset) {
        LISTENER_ID.set(to, offset, listenerId);
        return putHeader(type, requestId, to, offset);
    }

    static int putCode(MessageType type, int requestId, int code, MemorySegment to, long offset) {
        CODE.set(to, offset, code);
        return putHeader(type, requestId, to, offset);
    }

    static int putConnectionReady(
            MessageType type, int requestId, ConnectionReady ready, MemorySegment to, long offset) {
        READY_LISTENER_ID.set(to, offset, ready.listenerId());
        READY_CONNECTION_ID.set(to, offset, ready.connectionId());
        READY_PIPE_ID.set(to, offset, ready.pipe().pipeId());
        READY_RING_SIZE.set(to, offset, ready.pipe().ringSize());
        return putHeader(type, requestId, to, offset);
    }
}
