package arca.monitor.sim;

import java.util.ArrayDeque;
import java.util.Arrays;

/** A queue of bytes that remembers in which pieces they were added. */
final class Chunks {
    private final ArrayDeque<byte[]> chunks = new ArrayDeque<>();
    private int taken; // bytes of the first piece
    private int size;

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    void add(byte[] bytes) {
        if (bytes.length == 0) return;
        chunks.add(bytes);
        size += bytes.length;
    }

    /** Takes at most {@code most} bytes, all from the first piece. */
    byte[] takePiece(int most) {
        byte[] first = chunks.element();
        int n = Math.min(most, first.length - taken);
        byte[] piece = Arrays.copyOfRange(first, taken, taken + n);
        taken += n;
        size -= n;
        if (taken == first.length) {
            chunks.remove();
            taken = 0;
        }
        return piece;
    }

    /** Takes {@code most} bytes, or all if there are fewer. */
    byte[] take(int most) {
        byte[] all = new byte[Math.min(most, size)];
        for (int n = 0; n < all.length; ) {
            byte[] piece = takePiece(all.length - n);
            System.arraycopy(piece, 0, all, n, piece.length);
            n += piece.length;
        }
        return all;
    }

    byte first() {
        return chunks.element()[taken];
    }

    void clear() {
        chunks.clear();
        taken = 0;
        size = 0;
    }
}
