package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.Errno;
import arca.testkit.Together;
import arca.testkit.Together.Action;
import arca.testnet.Side;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/**
 * Sends bytes in one direction, and checks each byte at the other side. A seed decides the sizes of the pieces, and when a
 * side pauses. A pause has no fixed length: a receiver pauses until the sender can send no more, so that all buffers are
 * full; a sender pauses until everything has been received, so that all buffers are empty.
 */
final class Transfer {
    private final Side from;
    private final Side to;
    private final long seed;
    private final long count;
    private final int pauses;
    private final Pattern pattern;

    // Under this object's monitor.
    private long received;
    private boolean senderWaits;
    private boolean failed;

    /**
     * Creates a transfer that has not begun.
     *
     * @param pauses how often each side pauses, on average
     */
    Transfer(Side from, Side to, long seed, long count, int pauses) {
        this.from = from;
        this.to = to;
        this.seed = seed;
        this.count = count;
        this.pauses = pauses;
        this.pattern = new Pattern(seed);
    }

    /** Returns what its two threads do. One sends and then closes its direction; the other reads to the end. */
    Action[] actions() {
        return new Action[] {() -> withSeed(this::send), () -> withSeed(this::receive)};
    }

    void run() throws Exception {
        Together.run(actions());
    }

    private void withSeed(Action action) throws Exception {
        try {
            action.run();
        } catch (Throwable e) {
            fail();
            throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
        }
    }

    private synchronized void fail() {
        failed = true;
        notifyAll();
    }

    private void send() throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Pattern.MOST);
            for (long done = 0; done < count; ) {
                long piece = Math.min(count - done, piece(random));
                if (pausesNow(random, piece)) awaitReceived(done);
                pattern.make(memory, done, piece);
                long n = from.tryWrite(memory.asSlice(0, piece));
                if (n == -Errno.EAGAIN) {
                    senderWaits(true);
                    n = from.write(memory.asSlice(0, piece));
                    senderWaits(false);
                }
                if (n < 0) throw new AssertionError("write at byte " + done + ": " + Errno.describe((int) -n));
                done += n;
            }
        } finally {
            senderWaits(true); // for good: a receiver that pauses must go on
        }
        from.finish();
    }

    private void receive() throws Exception {
        SplittableRandom random = new SplittableRandom(~seed);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Pattern.MOST);
            for (; ; ) {
                long piece = piece(random);
                if (pausesNow(random, piece)) awaitFull();
                long n = to.read(memory.asSlice(0, piece));
                if (n < 0) throw new AssertionError("read at byte " + received + ": " + Errno.describe((int) -n));
                if (n == 0) break;
                pattern.check(memory, received, n);
                received(n);
            }
        }
        assertEquals(count, received, "bytes before the end");
    }

    private static int piece(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(1, 100);
            case 1 -> 4096 * random.nextInt(1, 9);
            default -> random.nextInt(1, Pattern.MOST + 1);
        };
    }

    private boolean pausesNow(SplittableRandom random, long piece) {
        return random.nextDouble() < (double) pauses * piece / count;
    }

    private synchronized void received(long n) {
        received += n;
        notifyAll();
    }

    private synchronized void senderWaits(boolean waits) {
        senderWaits = waits;
        notifyAll();
    }

    private synchronized void awaitReceived(long all) throws InterruptedException {
        senderWaits = true;
        notifyAll();
        while (received < all && !failed) wait();
        senderWaits = false;
    }

    private synchronized void awaitFull() throws InterruptedException {
        while (!senderWaits && !failed) wait();
    }
}
