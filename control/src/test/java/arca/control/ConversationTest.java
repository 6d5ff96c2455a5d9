package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A guest and a monitor that talk, their bytes split and their turns taken at random. */
class ConversationTest {
    private static final int REQUESTS = 5_000;

    private record Due(int requestId, Request request) {}

    static LongStream seeds() {
        return LongStream.concat(LongStream.rangeClosed(1, 8), LongStream.of(System.nanoTime()));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void everyRequestGetsItsReplyHoweverTheBytesAreSplit(long seed) throws Exception {
        new Conversation(new SplittableRandom(seed)).hold();
    }

    /** The bytes of one direction that are on their way, and the buffer in which the other side gets them. */
    private static final class Line {
        private final SplittableRandom random;
        private final Queue<Byte> bytes = new ArrayDeque<>();
        private final MemorySegment buffer;

        Line(SplittableRandom random, MemorySegment buffer) {
            this.random = random;
            this.buffer = buffer;
        }

        void write(byte[] frame) {
            for (byte b : frame) bytes.add(b);
        }

        /** Puts some bytes behind a random offset of the buffer, the rest of which is noise; answers the offset. */
        int read(int n) {
            byte[] noise = new byte[(int) buffer.byteSize()];
            random.nextBytes(noise);
            MemorySegment.copy(noise, 0, buffer, ValueLayout.JAVA_BYTE, 0, noise.length);
            int offset = random.nextInt(noise.length - n + 1);
            for (int i = 0; i < n; i++) buffer.set(ValueLayout.JAVA_BYTE, offset + i, bytes.remove());
            return offset;
        }

        int some() {
            return Math.min(bytes.size(), random.nextInt(random.nextBoolean() ? 8 : 100));
        }
    }

    private static final class Conversation {
        private final SplittableRandom random;
        private final GuestSession guest = new GuestSession();
        private final MonitorSession monitor = new MonitorSession();
        private final Line toMonitor;
        private final Line toGuest;
        private final Map<Integer, Request> asked = new HashMap<>();
        private final Map<Integer, Reply> answered = new HashMap<>();
        private final Queue<Due> sent = new ArrayDeque<>();
        private final List<Due> due = new ArrayList<>();
        private boolean monitorHasMore;
        private int done;

        Conversation(SplittableRandom random) {
            this.random = random;
            toMonitor = new Line(random, Arena.ofAuto().allocate(200));
            toGuest = new Line(random, MemorySegment.ofArray(new byte[200]));
            guest.nextId = -REQUESTS / 2; // so that the numbers wrap half way
        }

        void hold() throws Exception {
            int left = REQUESTS;
            while (done < REQUESTS) {
                switch (random.nextInt(4)) {
                    case 0 -> {
                        if (left > 0) ask();
                        left = Math.max(0, left - 1);
                    }
                    case 1 -> monitorReads();
                    case 2 -> monitorReplies();
                    default -> guestReads();
                }
            }
            assertEquals(0, guest.outstanding());
            assertEquals(Map.of(), answered);
            assertFalse(monitor.next());
            monitor.end();
            guest.end();
        }

        private void ask() {
            Request request = Messages.request(random);
            int id = guest.ask(request);
            assertTrue(id != 0);
            assertNull(asked.put(id, request), "a number that is outstanding was given again");
            sent.add(new Due(id, request));
            toMonitor.write(Messages.frame(id, request));
        }

        private void monitorReads() throws Exception {
            if (!monitorHasMore) {
                int n = toMonitor.some();
                monitor.received(toMonitor.buffer, toMonitor.read(n), n);
                monitorHasMore = true;
            }
            for (int turns = random.nextInt(4); turns > 0 && monitorHasMore; turns--) {
                monitorHasMore = monitor.next();
                if (monitorHasMore) {
                    Due came = new Due(monitor.requestId(), monitor.request());
                    assertEquals(sent.remove(), came);
                    due.add(came);
                }
            }
        }

        private void monitorReplies() {
            if (due.isEmpty()) return;
            Due one = due.remove(random.nextInt(due.size()));
            Reply reply = Messages.replyTo(one.request(), random);
            answered.put(one.requestId(), reply);
            toGuest.write(Messages.frame(one.requestId(), reply));
        }

        private void guestReads() throws Exception {
            int n = toGuest.some();
            guest.received(toGuest.buffer, toGuest.read(n), n);
            while (guest.next()) {
                assertEquals(asked.remove(guest.requestId()), guest.request());
                assertEquals(answered.remove(guest.requestId()), guest.reply());
                done++;
            }
        }
    }
}
