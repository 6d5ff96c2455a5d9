package arca.cli.demo;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.function.LongConsumer;

/**
 * Sends and checks a byte pattern. Each 8 bytes are their position's number, multiplied by a large odd number so that
 * neighbours differ in every byte. So the check finds any byte that was lost, doubled, moved or changed, at some GB/s.
 */
final class Pattern {
    private static final int BUFFER = 256 * 1024;
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
    private static final long STEP = 0x9e37_79b9_7f4a_7c15L; // odd, so that no two positions have the same bytes
    private static final LongConsumer IGNORE = bytes -> {};

    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    private final MemorySegment memory = MemorySegment.ofBuffer(buffer);
    private long word;

    private Pattern() {}

    /** Sends {@code count} bytes, a multiple of 8. Calls {@code sent} with the size of each part. */
    static void send(WritableByteChannel to, long count, LongConsumer sent) throws IOException {
        new Pattern().sendAll(to, count, sent);
    }

    static void send(WritableByteChannel to, long count) throws IOException {
        send(to, count, IGNORE);
    }

    /**
     * Receives to the end of the stream, and checks each byte. Calls {@code received} with the size of each part.
     *
     * @return how many bytes were received
     * @throws IOException if a byte differs from what was sent, or reading fails
     */
    static long receive(ReadableByteChannel from, LongConsumer received) throws IOException {
        return new Pattern().receiveAll(from, received);
    }

    static long receive(ReadableByteChannel from) throws IOException {
        return receive(from, IGNORE);
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
            if (!check(words)) throw new IOException("received a wrong byte, within 256 KiB after byte " + count);
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
