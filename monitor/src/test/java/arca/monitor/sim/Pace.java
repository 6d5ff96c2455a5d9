package arca.monitor.sim;

import java.util.SplittableRandom;

/**
 * How much one side sends, and how fast it sends and reads. Mostly little, sometimes much.
 *
 * @param bytes bytes to send
 * @param writes the most bytes of one write
 * @param reads the most bytes of one read
 * @param writePause the most nanoseconds between two writes
 * @param readPause the most nanoseconds between two reads
 */
record Pace(long bytes, int writes, int reads, long writePause, long readPause) {
    private static final int LARGE = 1 << 18;
    private static final long SLEEP = 50_000; // nanoseconds, at most, until a woken thread runs

    static Pace draw(SplittableRandom random, boolean torrent) {
        if (torrent) return new Pace(6_000_000, LARGE, LARGE, 500, 500);
        long bytes = switch (random.nextInt(16)) {
            case 0 -> 0;
            case 1, 2, 3, 4 -> 2 + random.nextInt(100);
            case 5 -> 2 + random.nextInt(300_000);
            default -> 2 + random.nextInt(20_000);
        };
        return new Pace(bytes, piece(random, bytes), piece(random, bytes), pause(random), pause(random));
    }

    /** Draws the size of a piece. A stream has a few hundred pieces at most. */
    private static int piece(SplittableRandom random, long bytes) {
        return Math.max(1 << random.nextInt(3, 18), (int) (bytes / 200));
    }

    private static long pause(SplittableRandom random) {
        return switch (random.nextInt(10)) {
            case 0 -> 5_000_000;
            case 1, 2 -> 500_000;
            case 3, 4, 5 -> 5_000;
            default -> 50_000;
        };
    }

    /** Draws the longest delay of a connection, in nanoseconds. */
    static long latency(SplittableRandom random) {
        return switch (random.nextInt(8)) {
            case 0 -> 20_000_000;
            case 1, 2 -> 500;
            default -> 50_000;
        };
    }

    /** Draws and sets the buffer sizes and the delay of a socket. */
    static void tune(SimTcp socket, SplittableRandom random, boolean torrent) {
        if (torrent) socket.tune(LARGE, 500);
        else socket.tune(1 << 9 + random.nextInt(10), latency(random));
    }

    long untilWrite(SplittableRandom random) {
        return 1 + random.nextLong(writePause);
    }

    long untilRead(SplittableRandom random) {
        return 1 + random.nextLong(readPause);
    }

    long untilAwake(SplittableRandom random) {
        return 1 + random.nextLong(Math.min(SLEEP, Math.min(writePause, readPause)));
    }
}
