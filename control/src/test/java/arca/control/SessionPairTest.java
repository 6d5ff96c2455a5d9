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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The two ends of a session, connected to each other. The splits of their bytes and the order of their turns are random. */
class SessionPairTest {
    private static final int REQUESTS = 5_000;

    private record NumberedRequest(int requestId, Request request) {}

    @ParameterizedTest(name = "seed {0}")
    @MethodSource(Seeds.SOME)
    void everyRequestGetsItsReplyInAnySplitAndOrder(long seed) throws Exception {
        new Exchange(new SplittableRandom(seed)).run();
    }

    /** The bytes of one direction that were not yet read, and the buffer into which the receiver reads them. */
    private static final class Channel {
        private final SplittableRandom random;
        private final Queue<Byte> bytes = new ArrayDeque<>();
        private final MemorySegment buffer;

        Channel(SplittableRandom random, MemorySegment buffer) {
            this.random = random;
            this.buffer = buffer;
        }

        void write(byte[] frame) {
            for (byte b : frame) bytes.add(b);
        }

        /** Reads bytes to a random offset of the buffer, fills the rest with noise, and returns the offset. */
        int read(int n) {
            byte[] noise = new byte[(int) buffer.byteSize()];
            random.nextBytes(noise);
            MemorySegment.copy(noise, 0, buffer, ValueLayout.JAVA_BYTE, 0, noise.length);
            int offset = random.nextInt(noise.length - n + 1);
            for (int i = 0; i < n; i++) buffer.set(ValueLayout.JAVA_BYTE, offset + i, bytes.remove());
            return offset;
        }

        int someBytes() {
            return Math.min(bytes.size(), random.nextInt(random.nextBoolean() ? 8 : 100));
        }
    }

    private static final class Exchange {
        private final SplittableRandom random;
        private final GuestSession guest = new GuestSession();
        private final MonitorSession monitor = new MonitorSession();
        private final Channel toMonitor;
        private final Channel toGuest;
        private final Map<Integer, Request> asked = new HashMap<>();
        private final Map<Integer, Reply> answered = new HashMap<>();
        private final Queue<NumberedRequest> sent = new ArrayDeque<>();
        private final List<NumberedRequest> unanswered = new ArrayList<>();
        private boolean monitorHasMore;
        private int replies;

        Exchange(SplittableRandom random) {
            this.random = random;
            toMonitor = new Channel(random, Arena.ofAuto().allocate(200));
            toGuest = new Channel(random, MemorySegment.ofArray(new byte[200]));
            guest.nextId = -REQUESTS / 2; // so that the numbers wrap in the middle of the test
        }

        void run() throws Exception {
            int left = REQUESTS;
            while (replies < REQUESTS) {
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
            Request request = RandomMessages.request(random);
            int id = guest.ask(request);
            assertTrue(id != 0);
            assertNull(asked.put(id, request), "an outstanding number was given again");
            sent.add(new NumberedRequest(id, request));
            toMonitor.write(Frames.of(id, request));
        }

        private void monitorReads() throws Exception {
            if (!monitorHasMore) {
                int n = toMonitor.someBytes();
                monitor.received(toMonitor.buffer, toMonitor.read(n), n);
                monitorHasMore = true;
            }
            for (int turns = random.nextInt(4); turns > 0 && monitorHasMore; turns--) {
                monitorHasMore = monitor.next();
                if (monitorHasMore) {
                    NumberedRequest request = new NumberedRequest(monitor.requestId(), monitor.request());
                    assertEquals(sent.remove(), request);
                    unanswered.add(request);
                }
            }
        }

        private void monitorReplies() {
            if (unanswered.isEmpty()) return;
            NumberedRequest request = unanswered.remove(random.nextInt(unanswered.size()));
            Reply reply = RandomMessages.replyTo(request.request(), random);
            answered.put(request.requestId(), reply);
            toGuest.write(Frames.of(request.requestId(), reply));
        }

        private void guestReads() throws Exception {
            int n = toGuest.someBytes();
            guest.received(toGuest.buffer, toGuest.read(n), n);
            while (guest.next()) {
                assertEquals(asked.remove(guest.requestId()), guest.request());
                assertEquals(answered.remove(guest.requestId()), guest.reply());
                replies++;
            }
        }
    }
}
