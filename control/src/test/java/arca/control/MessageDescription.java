package arca.control;

import arca.control.MessageType.Sender;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenErr;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A message as PROTOCOL.md describes it.
 *
 * @param name the name of its type
 * @param fields the fields after message_type, by their names, as text
 * @param descriptors whether descriptors come with it
 */
record MessageDescription(String name, Map<String, String> fields, boolean descriptors) {

    static MessageType type(String name) {
        return Stream.of(MessageType.values())
                .filter(type -> type.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no message " + name));
    }

    static boolean bringsDescriptors(MessageType type) {
        return payload(type) == Wire.CONNECTION_READY;
    }

    static GroupLayout payload(MessageType type) {
        return switch (type) {
            case LISTEN_REQUEST, CONNECT_REQUEST -> Wire.ENDPOINT;
            case ACCEPT_REQUEST, LISTEN_OK -> Wire.LISTENER;
            case CONNECT_OK, INCOMING_CONNECTION -> Wire.CONNECTION_READY;
            case LISTEN_ERR, CONNECT_ERR, ACCEPT_ERR -> Wire.FAILURE;
        };
    }

    /** Returns the fields of a layout and of the groups in it. */
    static List<MemoryLayout> fields(GroupLayout layout) {
        return layout.memberLayouts().stream()
                .flatMap(field -> field instanceof GroupLayout group ? fields(group).stream() : Stream.of(field))
                .toList();
    }

    /** Describes the message that the codec finds in a frame. */
    static MessageDescription decoded(Sender sender, MemorySegment frame) throws ProtocolException {
        return switch (sender) {
            case GUEST -> {
                Request request = Request.decode(frame, 0);
                yield of(Wire.requestId(frame, 0), request);
            }
            case MONITOR -> {
                Reply reply = Reply.decode(frame, 0);
                yield of(Wire.requestId(frame, 0), reply);
            }
        };
    }

    /** Describes the message in hex digits, one group for each field, without the codec. */
    static MessageDescription byHand(MessageType type, List<String> groups) {
        List<MemoryLayout> fields = new ArrayList<>(fields(Wire.HEADER));
        fields.addAll(fields(payload(type)));
        if (fields.size() != groups.size()) throw new AssertionError("one group for each field expected: " + groups);
        if (!groups.getFirst().equals(HexFormat.of().toHexDigits((byte) type.number()))) {
            throw new AssertionError(groups.getFirst() + " is not the number of " + type);
        }
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 1; i < groups.size(); i++) {
            byte[] bytes = HexFormat.of().parseHex(groups.get(i));
            MemoryLayout field = fields.get(i);
            if (bytes.length != field.byteSize())
                throw new AssertionError(groups.get(i) + " has not the size of " + field);
            String name = field.name().orElseThrow();
            values.put(name, name.equals("ipv4") ? octets(bytes) : littleEndian(bytes));
        }
        return new MessageDescription(type.toString(), values, bringsDescriptors(type));
    }

    private static String octets(byte[] bytes) {
        return IntStream.range(0, bytes.length)
                .mapToObj(i -> Integer.toString(Byte.toUnsignedInt(bytes[i])))
                .collect(Collectors.joining("."));
    }

    private static String littleEndian(byte[] bytes) {
        byte[] reversed = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) reversed[i] = bytes[bytes.length - 1 - i];
        return new BigInteger(1, reversed).toString();
    }

    static MessageDescription of(int requestId, Request request) {
        return switch (request) {
            case ListenRequest(Endpoint at) -> endpoint(MessageType.LISTEN_REQUEST, requestId, at);
            case ConnectRequest(Endpoint at) -> endpoint(MessageType.CONNECT_REQUEST, requestId, at);
            case AcceptRequest(int listenerId) -> u32(MessageType.ACCEPT_REQUEST, requestId, "listener_id", listenerId);
        };
    }

    static MessageDescription of(int requestId, Reply reply) {
        return switch (reply) {
            case ListenOk(int listenerId) -> u32(MessageType.LISTEN_OK, requestId, "listener_id", listenerId);
            case ConnectOk(ConnectionReady ready) -> ready(MessageType.CONNECT_OK, requestId, ready);
            case IncomingConnection(ConnectionReady ready) -> ready(MessageType.INCOMING_CONNECTION, requestId, ready);
            case ListenErr(int code) -> u32(MessageType.LISTEN_ERR, requestId, "code", code);
            case ConnectErr(int code) -> u32(MessageType.CONNECT_ERR, requestId, "code", code);
            case AcceptErr(int code) -> u32(MessageType.ACCEPT_ERR, requestId, "code", code);
        };
    }

    private static MessageDescription header(MessageType type, int requestId) {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("payload_len", Integer.toString(type.payloadSize()));
        fields.put("request_id", Integer.toUnsignedString(requestId));
        return new MessageDescription(type.toString(), fields, bringsDescriptors(type));
    }

    private static MessageDescription endpoint(MessageType type, int requestId, Endpoint at) {
        MessageDescription message = header(type, requestId);
        String[] addressAndPort = at.toString().split(":");
        message.fields.put("ipv4", addressAndPort[0]);
        message.fields.put("port", addressAndPort[1]);
        return message;
    }

    private static MessageDescription u32(MessageType type, int requestId, String name, int value) {
        MessageDescription message = header(type, requestId);
        message.fields.put(name, Integer.toUnsignedString(value));
        return message;
    }

    private static MessageDescription ready(MessageType type, int requestId, ConnectionReady ready) {
        MessageDescription message = u32(type, requestId, "listener_id", ready.listenerId());
        message.fields.put("connection_id", Integer.toUnsignedString(ready.connectionId()));
        message.fields.put("pipe_id", Integer.toUnsignedString(ready.pipe().pipeId()));
        message.fields.put("ring_size", Long.toUnsignedString(ready.pipe().ringSize()));
        return message;
    }
}
