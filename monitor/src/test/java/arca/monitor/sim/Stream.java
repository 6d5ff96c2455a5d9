package arca.monitor.sim;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The bytes that one side sends to the other. They begin with its number, so no two streams of one direction are the
 * same.
 */
final class Stream {
    private static final byte[] NOISE = new byte[65_521];

    /** How many bytes at the start hold the number of the stream. */
    static final int HEADER = 2;

    static {
        new SplittableRandom(1).nextBytes(NOISE);
    }

    final int number;
    private final String name;
    private long sent;
    private long received;

    Stream(int number, String name) {
        this.number = number;
        this.name = name;
    }

    /** Returns the number of the stream that begins with these bytes. */
    static int number(byte[] header) {
        return header[0] & 0xff | (header[1] & 0xff) << Byte.SIZE;
    }

    private byte[] bytes(long from, int count) {
        byte[] bytes = new byte[count];
        int at = (int) ((number * 7919L + from) % NOISE.length);
        for (int n = 0; n < count; ) {
            int k = Math.min(count - n, NOISE.length - at);
            System.arraycopy(NOISE, at, bytes, n, k);
            n += k;
            at = 0;
        }
        for (long i = from; i < HEADER && i - from < count; i++) bytes[(int) (i - from)] = (byte) (number >> i * 8);
        return bytes;
    }

    /** Returns the next bytes to send. The caller reports by {@link #sent(long)} how many were sent. */
    byte[] next(int count) {
        return bytes(sent, count);
    }

    void sent(long count) {
        sent += count;
    }

    void received(byte[] bytes) {
        if (received + bytes.length > sent) throw violation("more bytes arrived than were sent");
        int wrong = Arrays.mismatch(bytes, bytes(received, bytes.length));
        if (wrong >= 0) throw violation("byte " + (received + wrong) + " is wrong");
        received += bytes.length;
    }

    long sent() {
        return sent;
    }

    long received() {
        return received;
    }

    Violation violation(String what) {
        return new Violation(this + ": " + what);
    }

    @Override
    public String toString() {
        return name + " (" + sent + " sent, " + received + " received)";
    }
}
