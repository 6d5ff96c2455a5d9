package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;

import arca.bindings.Errno;
import java.util.ArrayDeque;

/**
 * A kernel pipe: a row of slots, each with a piece of bytes. write(2) puts bytes into pages, and first fills up the
 * last page. splice(2) uses one slot for each piece. Which calls wake which end is as measured: see the contract tests
 * of the module bindings.
 */
final class SimPipe {
    static final int PAGE = 4096;

    private static final class Slot {
        private final byte[] bytes;
        private int from;
        private int to;
        private final boolean page; // write(2) may fill it up

        private Slot(byte[] bytes, int to, boolean page) {
            this.bytes = bytes;
            this.to = to;
            this.page = page;
        }
    }

    /** One end of the pipe. */
    final class End extends SimFile {
        private final boolean reads;

        private End(boolean reads) {
            this.reads = reads;
        }

        SimPipe pipe() {
            return SimPipe.this;
        }

        boolean reads() {
            return reads;
        }

        @Override
        int events() {
            if (reads) return (slots.isEmpty() ? 0 : EPOLLIN) | (writer.isOpen() ? 0 : EPOLLHUP);
            return (isFull() ? 0 : EPOLLOUT) | (reader.isOpen() ? 0 : EPOLLERR);
        }

        @Override
        void released() {
            (reads ? writer : reader).wake(ANY);
        }
    }

    final End reader = new End(true);
    final End writer = new End(false);
    private final ArrayDeque<Slot> slots = new ArrayDeque<>();
    private int most = 16;
    private int bytes;

    /**
     * Whether a guest holds the pipe's lock while it sleeps in a call. Every other call but poll and epoll then waits.
     */
    boolean locked;

    boolean isFull() {
        return slots.size() >= most;
    }

    int freeSlots() {
        return Math.max(0, most - slots.size());
    }

    /** Returns how many bytes can be read: FIONREAD. */
    int bytes() {
        return bytes;
    }

    int capacity() {
        return most * PAGE;
    }

    /** Sets the capacity: F_SETPIPE_SZ. Returns the new capacity, or {@code -errno}. */
    int resize(int size) {
        int pages = Math.max(1, (size + PAGE - 1) / PAGE);
        int wanted = pages == 1 ? 1 : Integer.highestOneBit(pages - 1) << 1;
        if (wanted < slots.size()) return -Errno.EBUSY;
        most = wanted;
        writer.wake(SimFile.ANY); // whether or not that made room
        return capacity();
    }

    /** Writes without waiting: write(2). Returns the number of bytes, or {@code -errno}. */
    long write(byte[] from, int length) {
        if (!reader.isOpen()) return -Errno.EPIPE;
        int written = 0;
        int rest = length % PAGE;
        Slot last = slots.peekLast();
        if (rest > 0 && last != null && last.page && last.to + rest <= PAGE) {
            System.arraycopy(from, 0, last.bytes, last.to, rest);
            last.to += rest;
            written = rest;
        }
        while (written < length && !isFull()) {
            int n = Math.min(PAGE, length - written);
            byte[] page = new byte[PAGE];
            System.arraycopy(from, written, page, 0, n);
            slots.add(new Slot(page, n, true));
            written += n;
        }
        if (written == 0) return length == 0 ? 0 : -Errno.EAGAIN;
        bytes += written;
        reader.wake(EPOLLIN);
        return written;
    }

    /** Adds a piece, as splice(2) does. There must be a free slot. The caller wakes the reader after the last piece. */
    void add(byte[] piece) {
        slots.add(new Slot(piece, piece.length, false));
        bytes += piece.length;
    }

    /** Reads without waiting: read(2). Returns the bytes; none if the pipe is empty. */
    byte[] read(int count) {
        return take(count, false);
    }

    /** Returns how many slots the first {@code count} bytes are in. */
    int slots(int count) {
        int n = 0;
        for (Slot slot : slots) {
            if (count <= 0) break;
            count -= slot.to - slot.from;
            n++;
        }
        return n;
    }

    /** Takes bytes out as splice(2) does: like a read, but it wakes the writer even if the pipe was not full. */
    byte[] spliceOut(int count) {
        return take(count, true);
    }

    private byte[] take(int count, boolean splice) {
        byte[] taken = new byte[Math.min(count, bytes)];
        boolean wakes = false;
        for (int n = 0; n < taken.length; ) {
            Slot first = slots.element();
            int k = Math.min(first.to - first.from, taken.length - n);
            System.arraycopy(first.bytes, first.from, taken, n, k);
            first.from += k;
            n += k;
            if (first.from < first.to) continue;
            wakes |= splice || isFull();
            slots.remove();
        }
        bytes -= taken.length;
        if (wakes) writer.wake(EPOLLOUT);
        return taken;
    }
}
