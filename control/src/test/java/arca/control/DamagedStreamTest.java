package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.MessageType.Sender;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Streams of many frames, some of them damaged. A session gives the same result, wherever the reads split the stream. */
class DamagedStreamTest {
    private static final int ROUNDS = 2_000;
    private static final int FRAMES = 12;

    private final MemorySegment buffer = Arena.ofAuto().allocate(64);

    private interface Received {
        void accept(MemorySegment bytes, long offset, long length);
    }

    private interface Next {
        boolean advance() throws ProtocolException;
    }

    private interface End {
        void run() throws ProtocolException;
    }

    /** What the two kinds of sessions have in common. A message is text here. */
    private record Session(Received received, Next next, End end, Supplier<String> message) {}

    private static Session monitor() {
        MonitorSession session = new MonitorSession();
        return new Session(
                session::received, session::next, session::end, () -> session.requestId() + " " + session.request());
    }

    private static Session guest(List<Request> asked) {
        GuestSession session = new GuestSession();
        asked.forEach(session::ask);
        return new Session(
                session::received, session::next, session::end, () -> session.requestId() + " " + session.reply());
    }

    /** Returns what a session makes of the bytes, in reads of random sizes; in one read if {@code random} is null. */
    private List<String> messages(Session session, byte[] bytes, SplittableRandom random) {
        List<String> messages = new ArrayList<>();
        try {
            for (int at = 0, n; at < bytes.length; at += n) {
                n = random == null ? bytes.length : Math.min(bytes.length - at, 1 + random.nextInt(40));
                MemorySegment read = MemorySegment.ofArray(bytes);
                long offset = at;
                if (random != null) {
                    offset = random.nextInt((int) buffer.byteSize() - n + 1);
                    MemorySegment.copy(bytes, at, buffer.fill((byte) 0xff), ValueLayout.JAVA_BYTE, offset, n);
                    read = buffer;
                }
                session.received().accept(read, offset, n);
                while (session.next().advance()) messages.add(session.message().get());
            }
            session.end().run();
        } catch (ProtocolException e) {
            messages.add(e.reason().toString()); // not the text: it may count bytes, which depends on the split
        }
        return messages;
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource(Seeds.SOME)
    void damagedStreamGivesTheSameMessagesAndReasonInAnySplit(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int whole = 0;
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            List<Request> asked = new ArrayList<>();
            ByteArrayOutputStream requests = new ByteArrayOutputStream();
            ByteArrayOutputStream replies = new ByteArrayOutputStream();
            for (int id = 1; id <= FRAMES; id++) {
                Request request = RandomMessages.request(random);
                asked.add(request);
                requests.writeBytes(Frames.of(id, request));
                replies.writeBytes(Frames.of(id, RandomMessages.replyTo(request, random)));
            }
            byte[] toMonitor = damaged(requests.toByteArray(), random);
            byte[] toGuest = damaged(replies.toByteArray(), random);
            List<String> byMonitor = messages(monitor(), toMonitor, null);
            List<String> byGuest = messages(guest(asked), toGuest, null);
            assertEquals(byMonitor, messages(monitor(), toMonitor, random));
            assertEquals(byGuest, messages(guest(asked), toGuest, random));
            if (byMonitor.size() == FRAMES) whole++;
            else refused++;
        }
        assertTrue(whole > ROUNDS / 10 && refused > ROUNDS / 10, whole + " whole, " + refused + " refused");
    }

    private static byte[] damaged(byte[] bytes, SplittableRandom random) {
        for (int changes = random.nextInt(3); changes > 0; changes--) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }

    @Test
    void onlyASplitFrameIsCopied() throws Exception {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        for (int id = 1; id <= 4; id++) stream.writeBytes(Frames.of(id, new Reply.ListenOk(id)));
        byte[] bytes = stream.toByteArray();
        int frame = bytes.length / 4;
        MemorySegment all = MemorySegment.ofArray(bytes);
        FrameAssembler assembler = new FrameAssembler(Sender.MONITOR);

        assembler.received(all, 0, frame + 5);
        assertTrue(assembler.next());
        assertSame(all, assembler.frame());
        assertFalse(assembler.next());

        assembler.received(all, frame + 5, bytes.length - frame - 5);
        assertTrue(assembler.next());
        assertNotSame(all, assembler.frame());
        assertEquals(2, Wire.requestId(assembler.frame(), assembler.offset()));
        for (int id = 3; id <= 4; id++) {
            assertTrue(assembler.next());
            assertSame(all, assembler.frame());
            assertEquals((id - 1L) * frame, assembler.offset());
        }
        assertFalse(assembler.next());
    }
}
