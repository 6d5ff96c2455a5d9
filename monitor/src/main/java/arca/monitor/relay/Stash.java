package arca.monitor.relay;

import arca.bindings.Errno;
import arca.monitor.reactor.Kernel;
import java.lang.foreign.MemorySegment;

/**
 * Bytes that were read and that the other side has not taken yet: a rest of a copy, or an urgent byte. Memory is borrowed
 * only while there are any.
 */
final class Stash {
    private final Buffers buffers;
    private MemorySegment buffer; // null while there is nothing
    private long taken;
    private long size;

    Stash(Buffers buffers) {
        this.buffers = buffers;
    }

    boolean isEmpty() {
        return buffer == null;
    }

    /** Keeps a copy of some bytes, at least one; the stash must be empty. */
    void put(MemorySegment from, long offset, long length) {
        buffer = buffers.lend(length);
        MemorySegment.copy(from, offset, buffer, 0, length);
        taken = 0;
        size = length;
    }

    /** Writes what it can: bytes written, or {@code -errno}; -EAGAIN where the sink takes none. */
    long flush(Kernel kernel, int sink) {
        long n = kernel.write(sink, buffer, taken, size - taken);
        if (n == 0) return -Errno.EAGAIN; // write(2) of a pipe or socket never says so of bytes; 0 means the end here
        if (n > 0) taken += n;
        if (taken == size) clear();
        return n;
    }

    /** Drops what is left. */
    void clear() {
        if (buffer != null) buffers.giveBack(buffer);
        buffer = null;
    }
}
