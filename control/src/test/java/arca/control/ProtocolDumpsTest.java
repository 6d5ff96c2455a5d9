package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import arca.control.MessageType.Sender;
import arca.control.ProtocolDocument.Block;
import arca.control.ProtocolException.Reason;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every fenced block of PROTOCOL.md is of a known kind, and what it says is true. */
class ProtocolDumpsTest {
    private static final Pattern MENTION =
            Pattern.compile("(\\w*(?:Request|Ok|Err|Connection))\\b(?: \\d+( \\+ fds)?)?");

    @TestFactory
    Stream<DynamicTest> blockDescribesItsBytes() throws Exception {
        return ProtocolDocument.read().blocks().stream()
                .map(block -> dynamicTest(block.toString(), () -> assertBlock(block)));
    }

    private static void assertBlock(Block block) throws Exception {
        switch (block.kind()) {
            case "wire" -> {
                for (Dump dump : Dump.of(block)) assertFrame(dump);
            }
            case "wire stream" -> assertStream(Dump.of(block));
            case "wire session" -> assertSession(Dump.of(block));
            case "sequence" -> block.lines().forEach(ProtocolDumpsTest::assertArrow);
            case "text" ->
                assertFalse(
                        block.lines().stream().anyMatch(line -> line.matches("[<>] .*")), "a dump that no test reads");
            default -> throw new AssertionError("unknown kind of block: " + block);
        }
    }

    @Test
    void dumpsShowEveryMessageAndEveryReason() throws Exception {
        List<Dump> dumps = ProtocolDocument.read().blocks().stream()
                .filter(block -> block.kind().startsWith("wire"))
                .flatMap(block -> Dump.of(block).stream())
                .toList();
        assertEquals(
                Stream.of(MessageType.values()).map(MessageType::toString).collect(Collectors.toSet()),
                dumps.stream()
                        .flatMap(dump -> dump.messages().stream())
                        .map(MessageDescription::name)
                        .collect(Collectors.toSet()));
        assertEquals(
                EnumSet.allOf(Reason.class),
                dumps.stream().flatMap(dump -> dump.malformed().stream()).collect(Collectors.toSet()));
    }

    /** Checks a dump of one whole frame, or of a frame that is malformed in any session. */
    private static void assertFrame(Dump dump) throws ProtocolException {
        MemorySegment frame = MemorySegment.ofArray(dump.bytes());
        if (dump.malformed().isPresent()) {
            assertEquals(List.of(), dump.messages());
            assertRefused(
                    dump,
                    assertThrows(ProtocolException.class, () -> MessageDescription.decoded(dump.sender(), frame)));
            return;
        }
        MessageDescription message = dump.message();
        MessageType type = MessageDescription.type(message.name());
        assertEquals(MessageDescription.byHand(type, dump.groups()), message);
        assertEquals(MessageDescription.decoded(dump.sender(), frame), message);
        assertEquals(type.frameSize(), frame.byteSize());
    }

    private static void assertRefused(Dump dump, ProtocolException e) {
        assertEquals(dump.malformed().orElseThrow(), e.reason(), e.getMessage());
    }

    /** Checks reads of the monitor. Under each read stand the messages that it completes. */
    private static void assertStream(List<Dump> reads) throws Exception {
        MonitorSession session = new MonitorSession();
        for (Dump read : reads) {
            assertEquals(Sender.GUEST, read.sender());
            session.received(MemorySegment.ofArray(read.bytes()), 0, read.bytes().length);
            for (MessageDescription message : read.messages()) {
                assertTrue(session.next(), message::toString);
                assertEquals(MessageDescription.of(session.requestId(), session.request()), message);
            }
            assertFalse(session.next());
        }
        session.end();
    }

    /** Checks the frames of a session from its beginning. Both sides keep the rules, but the last reply may break one. */
    private static void assertSession(List<Dump> frames) throws Exception {
        GuestSession guest = new GuestSession();
        for (Dump dump : frames) {
            MemorySegment frame = MemorySegment.ofArray(dump.bytes());
            if (dump.malformed().isPresent()) {
                assertEquals(frames.getLast(), dump);
                guest.received(frame, 0, frame.byteSize());
                assertRefused(dump, assertThrows(ProtocolException.class, guest::next));
                return;
            }
            assertFrame(dump);
            switch (dump.sender()) {
                case GUEST ->
                    assertEquals(Wire.requestId(frame, 0), guest.ask(Request.decode(frame, 0)), "the next request_id");
                case MONITOR -> {
                    guest.received(frame, 0, frame.byteSize());
                    assertTrue(guest.next());
                    assertFalse(guest.next());
                }
            }
        }
        assertEquals(0, guest.outstanding());
    }

    /** Checks that a message is on an arrow from its sender, and that ready frames, and no others, bring descriptors. */
    private static void assertArrow(String line) {
        Matcher message = MENTION.matcher(line);
        if (!message.find()) return;
        MessageType type = MessageDescription.type(message.group(1));
        String arrow = switch (type.sender()) {
            case GUEST -> "  │── \\Q" + message.group() + "\\E ─+►│.*";
            case MONITOR -> "  │◄─+ \\Q" + message.group() + "\\E( E[A-Z]+)? ──│.*";
        };
        assertTrue(line.matches(arrow), line);
        assertEquals(MessageDescription.bringsDescriptors(type), message.group(2) != null, line);
        assertFalse(message.find(), "two messages on one line: " + line);
    }

    /** Each of these is a valid block with one mistake, to show that the checks above find it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "```hex|> 08 0400 01000000 02000000  AcceptRequest  payload_len 4  request_id 1  listener_id 2|```",
                "```wire|08 0400 01000000 02000000  AcceptRequest  payload_len 4  request_id 1  listener_id 2|```",
                "```wire|> 08 0400 01000000 0200000  AcceptRequest  payload_len 4  request_id 1  listener_id 2|```",
                "```wire|> 08 0400 01000000 02000000 AcceptRequest  payload_len 4  request_id 1  listener_id 2|```",
                "```wire|> 08 0400 01000000 02000000  AcceptRequest  payload_len 4  request_id 1  listener 2|```",
                "```wire|> 08 0400 01000000 02000000  AcceptRequest  payload_len 4  request_id 1|```",
                "```wire|> 08 0400 01000000 02000000  AcceptRequest  payload_len 4  request_id 1  listener_id 3|```",
                "```wire|> 08 0400 0100000002000000  AcceptRequest  payload_len 4  request_id 1  listener_id 2|```",
                "```wire|> 08 0400 01000000 02000000  ListenRequest  payload_len 4  request_id 1  listener_id 2|```",
                "```wire|< 08 0400 01000000 02000000  AcceptRequest  payload_len 4  request_id 1  listener_id 2|```",
                "```wire|> 08 0400 01000000 02000000  listener_id 2|```",
                "```wire|> 08 0400 01000000 02000000  malformed: TRUNCATED|```",
                "```wire|> 08 0400 01000000 02000000|```",
                "```wire|> 08 0500 01000000 02000000  malformed: UNKNOWN_TYPE|```",
                "```wire|```",
                "```wire stream|> 0804|> 00 01000000 0200|```",
                "```wire stream|> 080400 01000000 02000000|```",
                "```wire session|> 08 0400 02000000 02000000  AcceptRequest  payload_len 4  request_id 2  listener_id 2|```",
                "```wire session|> 08 0400 01000000 02000000  AcceptRequest  payload_len 4  request_id 1  listener_id 2|```",
                "```wire session|< 09 0400 01000000 02000000  AcceptErr  payload_len 4  request_id 1  code 2|```",
                "```text|> 08 0400 01000000 02000000  AcceptRequest  payload_len 4  request_id 1  listener_id 2|```",
                "```sequence|  │◄── AcceptRequest 1 ──│|```",
                "```sequence|  │── AcceptErr 1 ──►│|```",
                "```sequence|  │◄── IncomingConnection 1 ──│|```",
                "```sequence|  │◄── AcceptOk 1 ──│|```",
            })
    void blockWithAMistakeFails(String document) {
        assertThrows(Throwable.class, () -> {
            for (Block block :
                    ProtocolDocument.parse(List.of(document.split("\\|"))).blocks()) assertBlock(block);
        });
    }

    @Test
    void correctBlockOfEachKindPasses() throws Exception {
        String frame = "> 08 0400 01000000 02000000  AcceptRequest  payload_len 4  request_id 1| listener_id 2";
        String reply = "|< 09 0400 01000000 02000000  AcceptErr  payload_len 4  request_id 1  code 2|```|";
        String document = "```wire|" + frame + "|```|```wire session|" + frame + reply
                + "```wire stream|> 0804|> 00 01000000 02000000  " + frame.substring(29) + "|```|"
                + "```sequence|  │── AcceptRequest 1 ──►│|```|```text|>|```";
        List<Block> blocks =
                ProtocolDocument.parse(List.of(document.split("\\|"))).blocks();
        assertEquals(5, blocks.size());
        for (Block block : blocks) assertBlock(block);
    }
}
