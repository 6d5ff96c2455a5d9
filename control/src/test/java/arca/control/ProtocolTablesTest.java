package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.control.ProtocolDocument.Table;
import arca.control.ProtocolException.Reason;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The tables of PROTOCOL.md agree with the code. */
class ProtocolTablesTest {
    private static final Map<String, GroupLayout> LAYOUTS = Map.of(
            "Header", Wire.HEADER,
            "Endpoint", Wire.ENDPOINT,
            "Listener", Wire.LISTENER,
            "ConnectionReady", Wire.CONNECTION_READY,
            "Failure", Wire.FAILURE);

    private static ProtocolDocument document;

    @BeforeAll
    static void read() throws Exception {
        document = ProtocolDocument.read();
    }

    @Test
    void tableOfMessagesHasTheirTypesAndSizes() {
        Table table = document.table("type", "name", "sent by", "payload", "payload_len", "frame");
        List<List<String>> messages = Stream.of(MessageType.values())
                .map(type -> List.of(
                        "" + type.number(),
                        type.toString(),
                        type.sender().toString().toLowerCase(),
                        LAYOUTS.entrySet().stream()
                                .filter(layout -> layout.getValue() == MessageDescription.payload(type))
                                .findFirst()
                                .orElseThrow()
                                .getKey(),
                        "" + type.payloadSize(),
                        "" + type.frameSize()))
                .toList();
        assertEquals(messages, table.rows());
    }

    @ParameterizedTest
    @CsvSource({"Header", "Endpoint", "Listener", "ConnectionReady", "Failure"})
    void tableOfALayoutHasItsFields(String name) {
        GroupLayout layout = LAYOUTS.get(name);
        Table table = document.captioned(name + ", " + layout.byteSize() + " bytes:");
        assertEquals(List.of("offset", "size", "name", "meaning"), table.head());
        List<List<String>> fields = new ArrayList<>();
        long offset = 0;
        for (MemoryLayout field : MessageDescription.fields(layout)) {
            fields.add(List.of("" + offset, "" + field.byteSize(), field.name().orElseThrow()));
            offset += field.byteSize();
        }
        assertEquals(fields, table.rows().stream().map(row -> row.subList(0, 3)).toList());
    }

    @Test
    void everyTableWithOffsetsIsCompared() {
        assertEquals(
                LAYOUTS.size(),
                document.tables().stream()
                        .filter(table -> table.head().getFirst().equals("offset"))
                        .count());
    }

    @Test
    void tableOfReasonsHasAllInTheirOrder() {
        assertEquals(
                Stream.of(Reason.values()).map(Reason::toString).toList(),
                document.table("reason", "the frame").column("reason"));
    }

    @Test
    void tableOfRequestsHasTheRepliesThatAGuestAccepts() throws Exception {
        Table table = document.table("request", "on success", "on failure", "when");
        Map<String, Request> requests = new HashMap<>();
        Endpoint at = new Endpoint(1, 2);
        requests.put("ListenRequest", new Request.ListenRequest(at));
        requests.put("ConnectRequest", new Request.ConnectRequest(at));
        requests.put("AcceptRequest", new Request.AcceptRequest(3));
        assertEquals(requests.keySet(), new TreeSet<>(table.column("request")));
        for (List<String> row : table.rows()) {
            Request request = requests.get(row.get(0));
            assertEquals(row.get(2), request.refusal(1).getClass().getSimpleName());
            for (int reply = 1; reply <= 2; reply++) assertAnswers(request, MessageDescription.type(row.get(reply)));
        }
    }

    /** Checks that a guest's session accepts the reply to the request. */
    private static void assertAnswers(Request request, MessageType reply) throws ProtocolException {
        GuestSession session = new GuestSession();
        int id = session.ask(request);
        ConnectionReady ready = new ConnectionReady(0, 1, new DataPipeInfo(1, 1));
        ConnectionReady incoming = new ConnectionReady(3, 1, new DataPipeInfo(1, 1));
        byte[] frame = Frames.of(
                id,
                switch (reply) {
                    case LISTEN_OK -> new Reply.ListenOk(3);
                    case CONNECT_OK -> new Reply.ConnectOk(ready);
                    case INCOMING_CONNECTION -> new Reply.IncomingConnection(incoming);
                    case LISTEN_ERR, CONNECT_ERR, ACCEPT_ERR -> request.refusal(1);
                    case LISTEN_REQUEST, CONNECT_REQUEST, ACCEPT_REQUEST -> throw new AssertionError(reply);
                });
        session.received(MemorySegment.ofArray(frame), 0, frame.length);
        assertTrue(session.next());
        assertEquals(reply.toString(), session.reply().getClass().getSimpleName());
    }

    @Test
    void tableOfErrorsHasTheNamesOfItsNumbers() {
        Table table = document.table("code", "errno", "in", "when");
        List<Integer> codes =
                table.column("code").stream().map(Integer::valueOf).toList();
        assertEquals(codes.stream().map(Errno::name).toList(), table.column("errno"));
        assertEquals(codes.stream().sorted().distinct().toList(), codes);
        for (String in : table.column("in")) {
            assertTrue(
                    Arrays.stream(in.split(", "))
                            .allMatch(name ->
                                    MessageDescription.type(name).toString().endsWith("Err")),
                    in);
        }
    }

    @Test
    void numbersInTheTextAreThoseOfTheCode() throws Exception {
        String text = Files.readString(Path.of("..", "PROTOCOL.md")).replaceAll("\\s+", " ");
        for (String sentence : List.of(
                "bytes that follow the header, at most " + Wire.MAX_PAYLOAD + " ",
                "`payload_len` stays at most " + Wire.MAX_PAYLOAD + ",",
                "as soon as its " + Wire.HEADER_SIZE + " bytes have arrived",
                "The payload begins at offset " + Wire.HEADER_SIZE + ".",
                "No frame of this revision is longer than " + Reply.MAX_FRAME_SIZE + " bytes")) {
            assertTrue(text.contains(sentence), sentence);
        }
    }

    @Test
    void everyErrnoAndMessageInTheTextExists() throws Exception {
        String text = Files.readString(Path.of("..", "PROTOCOL.md"));
        List<String> errnos = IntStream.range(1, 134).mapToObj(Errno::name).toList();
        Pattern.compile("\\bE[A-Z]{3,}\\b")
                .matcher(text)
                .results()
                .map(MatchResult::group)
                .filter(name -> !errnos.contains(name))
                .forEach(name -> {
                    throw new AssertionError("unknown errno " + name);
                });
        Pattern.compile("\\b(?:Listen|Connect|Accept|Incoming)[A-Z]\\w+")
                .matcher(text)
                .results()
                .map(match -> match.group().replaceAll("s$", ""))
                .forEach(MessageDescription::type);
    }
}
