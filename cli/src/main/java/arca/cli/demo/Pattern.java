package arca.cli.demo;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongConsumer;

/**
 * Bytes that tell where they belong: each 8 of them are their place's number, multiplied so that every byte of them differs
 * from its neighbours'. A byte that is lost, doubled, moved or changed is found, at some gigabytes a second.
 */
final class Pattern {
    private static final int BUFFER = 256 * 1024;
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
    private static final long STEP = 0x9e37_79b9_7f4a_7c15L; // odd, so that no two places have the same
    private static final LongConsumer NOBODY = bytes -> {};

    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    private final MemorySegment memory = MemorySegment.ofBuffer(buffer);
    private long word;

    private Pattern() {}

    /** Sends so many bytes, a multiple of 8; {@code sent} is told of each part. */
    static void send(WritableByteChannel to, long count, LongConsumer sent) throws IOException {
        new Pattern().sendAll(to, count, sent);
    }

    static void send(WritableByteChannel to, long count) throws IOException {
        send(to, count, NOBODY);
    }

    /**
     * Receives to the end, and checks each byte.
     *
     * @return how many there were
     * @throws IOException also where one is not what was sent
     */
    static long receive(ReadableByteChannel from, LongConsumer received) throws IOException {
        return new Pattern().receiveAll(from, received);
    }

    static long receive(ReadableByteChannel from) throws IOException {
        return receive(from, NOBODY);
    }

    private void sendAll(WritableByteChannel to, long count, LongConsumer sent) throws IOException {
        for (long left = count; left > 0; left -= buffer.limit()) {
            buffer.clear().limit((int) Math.min(left, BUFFER));
            fill(buffer.limit() / Long.BYTES);
            while (buffer.hasRemaining()) to.write(buffer);
            sent.accept(buffer.limit());
        }
    }

    private void fill(int words) {
        long next = word;
        for (int i = 0; i < words; i++) memory.setAtIndex(WORD, i, next += STEP);
        word = next;
    }

    private long receiveAll(ReadableByteChannel from, LongConsumer received) throws IOException {
        long count = 0;
        for (boolean end = false; !end; ) {
            buffer.clear();
            while (buffer.hasRemaining() && !end) end = from.read(buffer) < 0;
            int words = buffer.position() / Long.BYTES;
            if (!check(words)) throw new IOException("not what was sent: one of the 256 KiB after byte " + count);
            count += buffer.position();
            received.accept(buffer.position());
        }
        return count;
    }

    private boolean check(int words) {
        long next = word;
        long different = 0;
        for (int i = 0; i < words; i++) different |= memory.getAtIndex(WORD, i) ^ (next += STEP);
        word = next;
        return different == 0;
    }
}
