package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Test vectors for any implementation of the protocol: {@code control-frames.json}. */
class VectorsTest {
    private static final Map<String, Reason> REASONS = Map.of(
            "unknown type ", Reason.UNKNOWN_TYPE,
            "a good AcceptRequest (answered AcceptErr 9), then unknown type 0", Reason.UNKNOWN_TYPE,
            "a reply's type sent as a request", Reason.NOT_A_REQUEST,
            "payload_len over 256", Reason.PAYLOAD_TOO_LONG,
            "payload_len 1536", Reason.PAYLOAD_TOO_LONG,
            "ListenRequest's payload is 6 bytes, not ", Reason.WRONG_PAYLOAD_LENGTH,
            "ConnectRequest's payload is 6 bytes, not ", Reason.WRONG_PAYLOAD_LENGTH,
            "AcceptRequest's payload is 4 bytes, not ", Reason.WRONG_PAYLOAD_LENGTH,
            "the channel ends ", Reason.TRUNCATED);

    private static JsonArray section(String name) {
        try (InputStream json = VectorsTest.class.getResourceAsStream("control-frames.json")) {
            assertNotNull(json, "control-frames.json");
            return JsonParser.parseReader(new InputStreamReader(json, StandardCharsets.UTF_8))
                    .getAsJsonObject()
                    .getAsJsonArray(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] hex(JsonObject vector) {
        return HexFormat.of().parseHex(vector.get("hex").getAsString());
    }

    static Stream<Arguments> frames() {
        return section("frames").asList().stream()
                .map(JsonElement::getAsJsonObject)
                .map(v -> Arguments.of(v.get("name").getAsString(), v.getAsJsonObject("fields"), hex(v)));
    }

    static Stream<Arguments> malformed() {
        return section("malformed").asList().stream()
                .map(JsonElement::getAsJsonObject)
                .map(v -> Arguments.of(
                        v.get("name").getAsString(), hex(v), reason(v.get("why").getAsString())));
    }

    private static Reason reason(String why) {
        List<String> known = REASONS.keySet().stream().filter(why::startsWith).toList();
        assertEquals(1, known.size(), why);
        return REASONS.get(known.getFirst());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("frames")
    void frameDecodesToItsFieldsAndBack(String name, JsonObject fields, byte[] hex) throws Exception {
        MemorySegment frame = MemorySegment.ofArray(hex);
        int requestId = u32(fields, "request_id");
        MessageType type = MessageType.of(fields.get("message_type").getAsInt());
        assertEquals(fields.get("type_name").getAsString(), type.toString());
        assertEquals(fields.get("payload_len").getAsInt(), type.payloadSize());
        assertEquals(requestId, Wire.requestId(frame, 0));
        byte[] encoded = switch (type.sender()) {
            case GUEST -> {
                Request request = request(type, fields);
                assertEquals(request, Request.decode(frame, 0));
                yield Frames.of(requestId, request);
            }
            case MONITOR -> {
                Reply reply = reply(type, fields);
                assertEquals(reply, Reply.decode(frame, 0));
                yield Frames.of(requestId, reply);
            }
        };
        assertEquals(HexFormat.of().formatHex(hex), HexFormat.of().formatHex(encoded));
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("malformed")
    void malformedBytesEndTheSessionWithTheirReason(String name, byte[] hex, Reason reason) {
        MonitorSession session = new MonitorSession();
        session.received(MemorySegment.ofArray(hex), 0, hex.length);
        ProtocolException e = assertThrows(ProtocolException.class, () -> {
            while (session.next()) assertEquals(new AcceptRequest(0), session.request());
            session.end();
        });
        assertEquals(reason, e.reason(), e.getMessage());
    }

    @Test
    void vectorsHaveEveryTypeAndEveryReasonThatAMonitorCanSee() {
        List<String> types = frames().map(
                        v -> ((JsonObject) v.get()[1]).get("type_name").getAsString())
                .distinct()
                .sorted()
                .toList();
        assertEquals(
                Stream.of(MessageType.values())
                        .map(MessageType::toString)
                        .sorted()
                        .toList(),
                types);
        assertEquals(
                List.of(
                        Reason.UNKNOWN_TYPE,
                        Reason.NOT_A_REQUEST,
                        Reason.PAYLOAD_TOO_LONG,
                        Reason.WRONG_PAYLOAD_LENGTH,
                        Reason.TRUNCATED),
                malformed().map(v -> (Reason) v.get()[2]).distinct().sorted().toList());
    }

    private static int u32(JsonObject fields, String name) {
        return Integer.parseUnsignedInt(fields.get(name).getAsString());
    }

    private static Endpoint endpoint(JsonObject fields) {
        return Endpoint.parse(
                fields.get("host").getAsString() + ":" + fields.get("port").getAsInt());
    }

    private static ConnectionReady ready(JsonObject fields) {
        long ringSize = Long.parseUnsignedLong(fields.get("ring_size").getAsString());
        return new ConnectionReady(
                u32(fields, "listener_id"),
                u32(fields, "connection_id"),
                new DataPipeInfo(u32(fields, "pipe_id"), ringSize));
    }

    private static Request request(MessageType type, JsonObject fields) {
        return switch (type) {
            case LISTEN_REQUEST -> new ListenRequest(endpoint(fields));
            case CONNECT_REQUEST -> new ConnectRequest(endpoint(fields));
            case ACCEPT_REQUEST -> new AcceptRequest(u32(fields, "listener_id"));
            case LISTEN_OK, CONNECT_OK, INCOMING_CONNECTION, LISTEN_ERR, CONNECT_ERR, ACCEPT_ERR ->
                throw new AssertionError(Sender.MONITOR);
        };
    }

    private static Reply reply(MessageType type, JsonObject fields) {
        return switch (type) {
            case LISTEN_OK -> new ListenOk(u32(fields, "listener_id"));
            case CONNECT_OK -> new ConnectOk(ready(fields));
            case INCOMING_CONNECTION -> new IncomingConnection(ready(fields));
            case LISTEN_ERR -> new ListenErr(u32(fields, "code"));
            case CONNECT_ERR -> new ConnectErr(u32(fields, "code"));
            case ACCEPT_ERR -> new AcceptErr(u32(fields, "code"));
            case LISTEN_REQUEST, CONNECT_REQUEST, ACCEPT_REQUEST -> throw new AssertionError(Sender.GUEST);
        };
    }
}
