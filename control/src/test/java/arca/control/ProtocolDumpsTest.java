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

/** Every block of PROTOCOL.md is of a kind that is known here, and true. */
class ProtocolDumpsTest {
    private static final Pattern MENTION =
            Pattern.compile("(\\w*(?:Request|Ok|Err|Connection))\\b(?: \\d+( \\+ fds)?)?");

    @TestFactory
    Stream<DynamicTest> blockSaysWhatItsBytesAre() throws Exception {
        return ProtocolDocument.read().blocks().stream()
                .map(block -> dynamicTest(block.toString(), () -> assertTrueTo(block)));
    }

    private static void assertTrueTo(Block block) throws Exception {
        switch (block.kind()) {
            case "wire" -> {
                for (Dump dump : Dump.of(block)) assertFrame(dump);
            }
            case "wire stream" -> assertStream(Dump.of(block));
            case "wire session" -> assertSession(Dump.of(block));
            case "sequence" -> block.lines().forEach(ProtocolDumpsTest::assertArrow);
            case "text" -> assertFalse(block.lines().stream().anyMatch(line -> line.matches("[<>] .*")), "a dump");
            default -> throw new AssertionError("no such kind of block: " + block);
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
                        .map(Said::name)
                        .collect(Collectors.toSet()));
        assertEquals(
                EnumSet.allOf(Reason.class),
                dumps.stream().flatMap(dump -> dump.malformed().stream()).collect(Collectors.toSet()));
    }

    /** One frame, whole; or what is malformed in it whatever was said before. */
    private static void assertFrame(Dump dump) throws ProtocolException {
        MemorySegment frame = MemorySegment.ofArray(dump.bytes());
        if (dump.malformed().isPresent()) {
            assertEquals(List.of(), dump.messages());
            assertRefused(dump, assertThrows(ProtocolException.class, () -> Said.decoded(dump.sender(), frame)));
            return;
        }
        Said said = dump.message();
        MessageType type = Said.type(said.name());
        assertEquals(Said.byHand(type, dump.groups()), said);
        assertEquals(Said.decoded(dump.sender(), frame), said);
        assertEquals(type.frameSize(), frame.byteSize());
    }

    private static void assertRefused(Dump dump, ProtocolException e) {
        assertEquals(dump.malformed().orElseThrow(), e.reason(), e.getMessage());
    }

    /** Reads by the monitor, and under each the messages that it completes. */
    private static void assertStream(List<Dump> reads) throws Exception {
        MonitorSession session = new MonitorSession();
        for (Dump read : reads) {
            assertEquals(Sender.GUEST, read.sender());
            session.received(MemorySegment.ofArray(read.bytes()), 0, read.bytes().length);
            for (Said said : read.messages()) {
                assertTrue(session.next(), said::toString);
                assertEquals(Said.of(session.requestId(), session.request()), said);
            }
            assertFalse(session.next());
        }
        session.end();
    }

    /** A talk from its first byte on, between ends that know the rules. It may end with a reply that breaks one. */
    private static void assertSession(List<Dump> talk) throws Exception {
        GuestSession guest = new GuestSession();
        for (Dump dump : talk) {
            MemorySegment frame = MemorySegment.ofArray(dump.bytes());
            if (dump.malformed().isPresent()) {
                assertEquals(talk.getLast(), dump);
                guest.received(frame, 0, frame.byteSize());
                assertRefused(dump, assertThrows(ProtocolException.class, guest::next));
                return;
            }
            assertFrame(dump);
            switch (dump.sender()) {
                case GUEST ->
                    assertEquals(Wire.requestId(frame, 0), guest.ask(Request.decode(frame, 0)), "not the next number");
                case MONITOR -> {
                    guest.received(frame, 0, frame.byteSize());
                    assertTrue(guest.next());
                    assertFalse(guest.next());
                }
            }
        }
        assertEquals(0, guest.outstanding());
    }

    /** A message stands on an arrow from its sender; with a ready frame, and no other, come descriptors. */
    private static void assertArrow(String line) {
        Matcher message = MENTION.matcher(line);
        if (!message.find()) return;
        MessageType type = Said.type(message.group(1));
        String arrow = switch (type.sender()) {
            case GUEST -> "  │── \\Q" + message.group() + "\\E ─+►│.*";
            case MONITOR -> "  │◄─+ \\Q" + message.group() + "\\E( E[A-Z]+)? ──│.*";
        };
        assertTrue(line.matches(arrow), line);
        assertEquals(Said.bringsDescriptors(type), message.group(2) != null, line);
        assertFalse(message.find(), "a second message: " + line);
    }

    /** Each is one step away from a dump that is understood and true: what makes a false one fail is tried here. */
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
    void falseOrUnknownBlockFails(String document) {
        assertThrows(Throwable.class, () -> {
            for (Block block :
                    ProtocolDocument.parse(List.of(document.split("\\|"))).blocks()) assertTrueTo(block);
        });
    }

    @Test
    void trueBlockOfEachKindPasses() throws Exception {
        String frame = "> 08 0400 01000000 02000000  AcceptRequest  payload_len 4  request_id 1| listener_id 2";
        String reply = "|< 09 0400 01000000 02000000  AcceptErr  payload_len 4  request_id 1  code 2|```|";
        String document = "```wire|" + frame + "|```|```wire session|" + frame + reply
                + "```wire stream|> 0804|> 00 01000000 02000000  " + frame.substring(29) + "|```|"
                + "```sequence|  │── AcceptRequest 1 ──►│|```|```text|>|```";
        List<Block> blocks =
                ProtocolDocument.parse(List.of(document.split("\\|"))).blocks();
        assertEquals(5, blocks.size());
        for (Block block : blocks) assertTrueTo(block);
    }
}
