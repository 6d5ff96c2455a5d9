package arca.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RoundTripTest {
    private static final int ROUNDS = 20_000;

    @ParameterizedTest(name = "seed {0}")
    @MethodSource(Seeds.SOME)
    void decodedFrameIsTheMessageThatWasEncoded(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            Request request = RandomMessages.request(random);
            assertEquals(request, Request.decode(MemorySegment.ofArray(Frames.of(round, request)), 0));
            Reply reply = RandomMessages.reply(random);
            assertEquals(reply, Reply.decode(MemorySegment.ofArray(Frames.of(round, reply)), 0));
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource(Seeds.SOME)
    void changedFrameIsAValidMessageOrMalformed(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int valid = 0;
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            boolean guest = random.nextBoolean();
            int id = RandomMessages.u32(random);
            byte[] frame =
                    guest ? Frames.of(id, RandomMessages.request(random)) : Frames.of(id, RandomMessages.reply(random));
            byte[] changed = change(frame, random);
            MemorySegment bytes = MemorySegment.ofArray(changed);
            try {
                // If the changed frame is accepted, its message must encode to exactly these bytes.
                byte[] again = guest
                        ? encodedAgain(bytes, Request.decode(bytes, 0))
                        : encodedAgain(bytes, Reply.decode(bytes, 0));
                assertArrayEquals(Arrays.copyOf(changed, again.length), again);
                valid++;
            } catch (ProtocolException e) {
                refused++;
            }
        }
        assertTrue(valid > ROUNDS / 10 && refused > ROUNDS / 10, valid + " valid, " + refused + " refused");
    }

    private static byte[] encodedAgain(MemorySegment frame, Request request) {
        return Frames.of(Wire.requestId(frame, 0), request);
    }

    private static byte[] encodedAgain(MemorySegment frame, Reply reply) {
        return Frames.of(Wire.requestId(frame, 0), reply);
    }

    private static byte[] change(byte[] frame, SplittableRandom random) {
        byte[] changed = Arrays.copyOf(frame, frame.length);
        for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
            switch (random.nextInt(5)) {
                case 0 -> changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
                case 1 -> changed[random.nextInt(changed.length)] = (byte) random.nextInt();
                case 2 -> changed[0] = (byte) random.nextInt(12);
                case 3 -> changed = Arrays.copyOf(changed, 1 + random.nextInt(changed.length));
                default -> changed = Arrays.copyOf(changed, changed.length + random.nextInt(8));
            }
        }
        return changed;
    }
}
