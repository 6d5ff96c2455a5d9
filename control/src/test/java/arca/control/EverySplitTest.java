package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.MessageType.Sender;
import arca.control.ProtocolException.Reason;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Frames of every type, with every payload length up to 300, split at every byte, from each sender. */
class EverySplitTest {
    private static final int HEADER = 7;
    // Copied from PROTOCOL.md, because the code's own table cannot test itself. 0 is no type.
    private static final int[] PAYLOAD = {-1, 6, 4, 6, 20, 20, 4, 4, 4, 4};
    private static final Sender[] SENDER = {
        null,
        Sender.GUEST,
        Sender.MONITOR,
        Sender.GUEST,
        Sender.MONITOR,
        Sender.MONITOR,
        Sender.MONITOR,
        Sender.MONITOR,
        Sender.GUEST,
        Sender.MONITOR
    };

    @ParameterizedTest
    @EnumSource
    void frameComesOutWhenItIsCompleteOrIsRefusedWhenItsHeaderIs(Sender sender) throws Exception {
        byte[] bytes = new byte[HEADER + 300];
        new SplittableRandom(sender.ordinal()).nextBytes(bytes);
        MemorySegment frame = MemorySegment.ofArray(bytes);
        for (int type = 0; type < 256; type++) {
            for (int length = 0; length <= 300; length++) {
                bytes[0] = (byte) type;
                bytes[1] = (byte) length;
                bytes[2] = (byte) (length >>> 8);
                boolean known = type > 0 && type < PAYLOAD.length;
                boolean whole = known && SENDER[type] == sender && length == PAYLOAD[type];
                for (int split = 0; split <= HEADER + length; split++) {
                    if (whole) assertComesOut(sender, frame, HEADER + length, split);
                    else assertRefused(sender, frame, HEADER + length, split, reason(sender, known, type, length));
                }
            }
        }
    }

    private static Reason reason(Sender sender, boolean known, int type, int length) {
        if (!known) return Reason.UNKNOWN_TYPE;
        if (SENDER[type] != sender) return sender == Sender.GUEST ? Reason.NOT_A_REQUEST : Reason.NOT_A_REPLY;
        return length > 256 ? Reason.PAYLOAD_TOO_LONG : Reason.WRONG_PAYLOAD_LENGTH;
    }

    private static void assertComesOut(Sender sender, MemorySegment frame, int size, int split) throws Exception {
        FrameAssembler assembler = new FrameAssembler(sender);
        assembler.received(frame, 0, split);
        assertEquals(split == size, assembler.next());
        if (split < size) {
            if (split == 0) assembler.end();
            else
                assertEquals(
                        Reason.TRUNCATED,
                        assertThrows(ProtocolException.class, assembler::end).reason());
            assembler.received(frame, split, size - split);
            assertTrue(assembler.next());
        }
        boolean inPlace = split == 0 || split == size;
        if (inPlace) assertEquals(frame, assembler.frame(), "a whole frame is not copied");
        else assertNotEquals(frame, assembler.frame());
        assertEquals(0, assembler.offset());
        assertEquals(-1, MemorySegment.mismatch(frame, 0, size, assembler.frame(), 0, size));
        assertFalse(assembler.next());
        assembler.end();
    }

    private static void assertRefused(Sender sender, MemorySegment frame, int size, int split, Reason reason)
            throws Exception {
        FrameAssembler assembler = new FrameAssembler(sender);
        assembler.received(frame, 0, split);
        if (split < HEADER) {
            assertFalse(assembler.next());
            assembler.received(frame, split, size - split);
        }
        // Twice: after the first exception every call throws.
        for (int i = 0; i < 2; i++) {
            try {
                assembler.next();
                throw new AssertionError("accepted, in spite of " + reason);
            } catch (ProtocolException e) {
                assertEquals(reason, e.reason());
            }
        }
    }
}
