package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.control.Endpoint;
import arca.control.Reply.ConnectErr;
import arca.control.Request.ConnectRequest;
import arca.testkit.Allocation;
import arca.testkit.ChildJvm;
import arca.testkit.Together;
import arca.testkit.Together.Action;
import arca.testnet.RawGuest;
import arca.testnet.Side;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Relaying allocates nothing, once it is compiled, and a request that is denied only itself and its reply. So no garbage collection ever delays a guest. The linker allocates an
 * object for each call that captures errno, and the compiler removes it if it has inlined enough. In the test's own JVM that
 * depends on luck. So the test measures another JVM, which compiles in the foreground and inlines as deeply as ./arca does.
 */
class RelayAllocationTest {
    private static final int ROUNDS =
            100; // at most; what a turn allocates is in every round, what the compiler allocates is not
    private static final int MESSAGES = 2_000;
    private static final long BULK = 16 << 20;
    private static final int PIECE = 128 * 1024;

    /**
     * Bytes that a round may allocate. A call that the loop makes about once in a round may never be compiled, and then
     * allocates 40 bytes. A call for each message would allocate 80,000, and a call for each 256 KiB of bulk 2,560.
     */
    private static final long NEXT_TO_NOTHING = 640;

    /** Bytes of the objects of a ConnectRequest, with its Endpoint, and of a ConnectErr. */
    private static final long REQUEST_AND_REPLY = 64;

    /** Prints a line for each action: what the guest's loop has allocated in the round with the fewest bytes. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws Exception {
            try (Joined joined = Joined.by(Variant.valueOf(arguments[0]))) {
                print("messages", () -> pingPong(joined));
                print("bulk to the peer", () -> move(joined.side(), joined.peer()));
                print("bulk from the peer", () -> move(joined.peer(), joined.side()));
                print("denied requests", () -> ask(joined.guest()));
            }
        }

        private static void print(String what, Action action) throws Exception {
            long least = Long.MAX_VALUE;
            int round = 0;
            for (; round < ROUNDS && least > NEXT_TO_NOTHING; round++) least = Math.min(least, allocatedBy(action));
            System.out.println(what + ": " + least + " bytes");
            System.err.println(what + ": in round " + round);
        }
    }

    @ParameterizedTest
    @EnumSource
    void loopAllocatesNothing(Variant variant) throws Exception {
        List<String> command = new ArrayList<>(List.of(ChildJvm.java()));
        command.addAll(List.of(ChildJvm.shippedOptions(), "-Xbatch"));
        command.addAll(ChildJvm.sameClasses());
        command.addAll(List.of(Child.class.getName(), variant.name()));
        ChildJvm.Result child = ChildJvm.run(command);
        List<Long> printed = child.output()
                .lines()
                .filter(line -> line.endsWith(" bytes"))
                .map(line -> Long.valueOf(line.replaceAll("[^0-9]", "")))
                .toList();
        assertEquals(4, printed.size(), child::output);
        assertTrue(printed.subList(0, 3).stream().allMatch(bytes -> bytes <= NEXT_TO_NOTHING), child::output);
        assertTrue(printed.getLast() <= MESSAGES * REQUEST_AND_REPLY + NEXT_TO_NOTHING, child::output);
    }

    /** Asks for what the policy denies, more often than is logged. */
    private static void ask(RawGuest guest) throws Exception {
        ConnectRequest denied = new ConnectRequest(Endpoint.parse("192.0.2.1:80"));
        for (int i = 0; i < MESSAGES; i++) {
            assertEquals(new ConnectErr(Errno.EACCES), guest.answerTo(guest.ask(denied)));
        }
    }

    private static void pingPong(Joined joined) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = arena.allocate(64);
            for (int i = 0; i < MESSAGES; i++) {
                assertEquals(64, joined.side().write(message));
                assertEquals(64, joined.peer().read(message));
                assertEquals(64, joined.peer().write(message));
                assertEquals(64, joined.side().read(message));
            }
        }
    }

    /** Moves many bytes. The receiver begins when all buffers are full, so that the loop has met that case, too. */
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

    /** Returns how many bytes the guest's loop allocates during an action. */
    private static long allocatedBy(Action action) throws Exception {
        Thread loop = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("guest g1"))
                .findFirst()
                .orElseThrow();
        long before = Allocation.bytesOf(loop);
        action.run();
        return Allocation.bytesOf(loop) - before;
    }
}
