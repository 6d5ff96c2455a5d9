package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;

import arca.bindings.Errno;
import java.util.ArrayDeque;

/**
 * A kernel pipe: slots, each with a piece of bytes. write(2) puts bytes into pages and fills the last one up; splice(2)
 * takes a slot for each piece. Which calls wake whom is as measured: bindings' contract tests.
 */
final class SimPipe {
    static final int PAGE = 4096;

    private static final class Slot {
        private final byte[] bytes;
        private int from;
        private int to;
        private final boolean page; // to be filled up

        private Slot(byte[] bytes, int to, boolean page) {
            this.bytes = bytes;
            this.to = to;
            this.page = page;
        }
    }

    /** One end. */
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

    /** Whether a guest sleeps in a call that holds the pipe's lock: every call but poll and epoll then waits for it. */
    boolean locked;

    boolean isFull() {
        return slots.size() >= most;
    }

    int freeSlots() {
        return Math.max(0, most - slots.size());
    }

    /** FIONREAD. */
    int bytes() {
        return bytes;
    }

    int capacity() {
        return most * PAGE;
    }

    /** F_SETPIPE_SZ. */
    int resize(int size) {
        int pages = Math.max(1, (size + PAGE - 1) / PAGE);
        int wanted = pages == 1 ? 1 : Integer.highestOneBit(pages - 1) << 1;
        if (wanted < slots.size()) return -Errno.EBUSY;
        most = wanted;
        writer.wake(SimFile.ANY); // whether or not that made room
        return capacity();
    }

    /** write(2) that does not wait. */
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

    /** A piece that splice(2) puts in; there must be a slot. Whoever does it wakes the reader after the last one. */
    void add(byte[] piece) {
        slots.add(new Slot(piece, piece.length, false));
        bytes += piece.length;
    }

    /** read(2) that does not wait: bytes; empty where there are none. */
    byte[] read(int count) {
        return take(count, false);
    }

    /** How many slots the first so many bytes are in. */
    int slots(int count) {
        int n = 0;
        for (Slot slot : slots) {
            if (count <= 0) break;
            count -= slot.to - slot.from;
            n++;
        }
        return n;
    }

    /** What splice(2) takes out: as read, but it wakes a writer even where the pipe was not full. */
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
