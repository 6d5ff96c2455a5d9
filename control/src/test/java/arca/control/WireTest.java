package arca.control;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.ProtocolException.Reason;
import arca.control.Reply.ConnectOk;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The codec on heap and native memory, at any offset, and on memory that is too short. */
class WireTest {
    private static final byte BEFORE = 0x5a;

    static Stream<MemorySegment> memories() {
        return Stream.of(
                MemorySegment.ofArray(new byte[64]),
                MemorySegment.ofArray(new long[8]),
                Arena.ofAuto().allocate(64, 8),
                Arena.ofAuto().allocate(65, 8).asSlice(1));
    }

    @Test
    void layoutsHaveTheSizesOfTheProtocol() {
        assertEquals(
                List.of(7L, 6L, 12L, 20L, 4L, 4L),
                Stream.of(
                                Wire.HEADER,
                                Wire.ENDPOINT,
                                Wire.DATA_PIPE_INFO,
                                Wire.CONNECTION_READY,
                                Wire.LISTENER,
                                Wire.FAILURE)
                        .map(layout -> layout.byteSize())
                        .toList());
        assertEquals(263, Wire.MAX_FRAME);
        assertEquals(13, Request.MAX_FRAME_SIZE);
        assertEquals(27, Reply.MAX_FRAME_SIZE);
    }

    @ParameterizedTest
    @MethodSource("memories")
    void framesAreWrittenAndReadAtAnyOffsetOfAnyMemory(MemorySegment memory) throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 2_000; round++) {
            int offset = random.nextInt(32);
            int id = RandomMessages.u32(random);
            Request request = RandomMessages.request(random);
            assertOnlyChanged(memory.fill(BEFORE), offset, request.encode(id, memory, offset), Frames.of(id, request));
            assertEquals(request, Request.decode(memory, offset));
            assertEquals(id, Wire.requestId(memory, offset));
            Reply reply = RandomMessages.reply(random);
            assertOnlyChanged(memory.fill(BEFORE), offset, reply.encode(id, memory, offset), Frames.of(id, reply));
            assertEquals(reply, Reply.decode(memory, offset));
            assertEquals(id, Wire.requestId(memory, offset));
        }
    }

    private static void assertOnlyChanged(MemorySegment memory, int offset, int length, byte[] frame) {
        byte[] all = memory.toArray(JAVA_BYTE);
        HexFormat hex = HexFormat.of();
        assertEquals(hex.formatHex(frame), hex.formatHex(all, offset, offset + length));
        for (int i = 0; i < all.length; i++) {
            if (i < offset || i >= offset + length) assertEquals(BEFORE, all[i], "byte " + i);
        }
    }

    @Test
    void memoryThatIsTooShortIsRefusedAndNotChanged() {
        SplittableRandom random = new SplittableRandom(2);
        for (int round = 0; round < 1_000; round++) {
            Reply reply = RandomMessages.reply(random);
            int length = Frames.of(0, reply).length;
            MemorySegment memory = MemorySegment.ofArray(new byte[length]);
            int offset = 1 + random.nextInt(length);
            assertThrows(IndexOutOfBoundsException.class, () -> reply.encode(-1, memory, offset));
            assertEquals(-1, memory.mismatch(MemorySegment.ofArray(new byte[length])), reply::toString);
        }
    }

    @Test
    void incompleteFrameIsTruncated() {
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 1_000; round++) {
            MemorySegment request = MemorySegment.ofArray(Frames.of(7, RandomMessages.request(random)));
            MemorySegment reply = MemorySegment.ofArray(Frames.of(7, RandomMessages.reply(random)));
            MemorySegment shortRequest = request.asSlice(0, random.nextLong(request.byteSize()));
            MemorySegment shortReply = reply.asSlice(0, random.nextLong(reply.byteSize()));
            assertEquals(
                    Reason.TRUNCATED,
                    assertThrows(ProtocolException.class, () -> Request.decode(shortRequest, 0))
                            .reason());
            assertEquals(
                    Reason.TRUNCATED,
                    assertThrows(ProtocolException.class, () -> Reply.decode(shortReply, 0))
                            .reason());
        }
    }

    @Test
    void connectOkWithAListenerIsRefused() {
        ConnectionReady ready = new ConnectionReady(1, 2, new DataPipeInfo(3, 4));
        assertThrows(IllegalArgumentException.class, () -> new ConnectOk(ready));
        byte[] frame = Frames.of(7, new Reply.IncomingConnection(ready));
        frame[0] = (byte) MessageType.CONNECT_OK.number();
        ProtocolException e =
                assertThrows(ProtocolException.class, () -> Reply.decode(MemorySegment.ofArray(frame), 0));
        assertEquals(Reason.WRONG_LISTENER, e.reason());
    }

    @Test
    void highNumbersArePrintedAsUnsigned() {
        ConnectionReady ready = new ConnectionReady(-1, -2, new DataPipeInfo(-3, -4));
        assertEquals(
                "ConnectionReady[listenerId=4294967295, connectionId=4294967294,"
                        + " pipe=DataPipeInfo[pipeId=4294967293, ringSize=18446744073709551612]]",
                ready.toString());
        assertTrue(Stream.of(
                        new Request.AcceptRequest(-1),
                        new Reply.ListenOk(-1),
                        new Reply.ListenErr(-1),
                        new Reply.ConnectErr(-1),
                        new Reply.AcceptErr(-1))
                .allMatch(message -> message.toString().endsWith("=4294967295]")));
    }

    @Test
    void refusalIsTheErrReplyOfItsRequest() {
        Endpoint at = new Endpoint(0, 0);
        assertEquals(new Reply.ListenErr(13), new Request.ListenRequest(at).refusal(13));
        assertEquals(new Reply.ConnectErr(111), new Request.ConnectRequest(at).refusal(111));
        assertEquals(new Reply.AcceptErr(9), new Request.AcceptRequest(1).refusal(9));
    }
}
