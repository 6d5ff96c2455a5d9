package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.Together.Deed;
import arca.testkit.Allocation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Relaying allocates nothing, once the compiler has had its turn: so no collection ever holds a guest up. */
@ParameterizedClass
@EnumSource(Variant.class)
class RelayAllocationTest {
    private static final int WARM_UPS = 60; // at most; the first without an allocation ends them
    private static final int ROUNDS = 5; // an allocation of every turn is in all of them, a compiler's in one
    private static final int MESSAGES = 10_000;
    private static final long BULK = 16 << 20;
    private static final int PIECE = 128 * 1024;

    @Parameter
    Variant variant;

    @Test
    void pingPong() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            warmUp(() -> pingPong(joined, MESSAGES / 10));
            assertNothingAllocatedBy(() -> pingPong(joined, MESSAGES));
        }
    }

    private static void pingPong(Joined joined, int messages) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = arena.allocate(64);
            for (int i = 0; i < messages; i++) {
                assertEquals(64, joined.side().write(message));
                assertEquals(64, joined.peer().read(message));
                assertEquals(64, joined.peer().write(message));
                assertEquals(64, joined.side().read(message));
            }
        }
    }

    @Test
    void bulkToThePeer() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            warmUp(() ->
                    pingPong(joined, MESSAGES / 10)); // bulk has few events, and the compiler sees to what is frequent
            warmUp(() -> move(joined.side(), joined.peer()));
            assertNothingAllocatedBy(() -> move(joined.side(), joined.peer()));
        }
    }

    @Test
    void bulkFromThePeer() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            warmUp(() ->
                    pingPong(joined, MESSAGES / 10)); // bulk has few events, and the compiler sees to what is frequent
            warmUp(() -> move(joined.peer(), joined.side()));
            assertNothingAllocatedBy(() -> move(joined.peer(), joined.side()));
        }
    }

    /** Moves many bytes; the receiver begins when everything is full, so that the loop has met that too. */
    private static void move(Side from, Side to) throws Exception {
        long first = from.fill();
        Together.run(() -> pass(BULK, from::write), () -> pass(first + BULK, to::read));
    }

    private static void pass(long count, ToLongFunction<MemorySegment> call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment piece = arena.allocate(PIECE);
            for (long left = count; left > 0; ) {
                long n = call.applyAsLong(piece.asSlice(0, Math.min(left, PIECE)));
                assertTrue(n > 0, () -> "moved " + n);
                left -= n;
            }
        }
    }

    private static void warmUp(Deed deed) throws Exception {
        for (int i = 0; i < WARM_UPS && allocatedBy(deed) > 0; i++) continue;
    }

    private static void assertNothingAllocatedBy(Deed deed) throws Exception {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < ROUNDS && least > 0; i++) least = Math.min(least, allocatedBy(deed));
        assertEquals(0, least, "bytes allocated in each of " + ROUNDS + " rounds");
    }

    /** Bytes that the guest's loop allocates while something is done. */
    private static long allocatedBy(Deed deed) throws Exception {
        Thread loop = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("guest g1"))
                .findFirst()
                .orElseThrow();
        long before = Allocation.bytesOf(loop);
        deed.run();
        long n = Allocation.bytesOf(loop) - before;
        if (System.getProperty("show") != null) System.out.println("allocated " + n);
        return n;
    }
}
