package arca.monitor.relay;

import arca.bindings.Errno;
import arca.monitor.reactor.Kernel;
import java.lang.foreign.MemorySegment;

/**
 * The bytes of one flow that have left its source, but that its sink has not taken yet: the rest of a copy, or an urgent
 * byte. A buffer is in use only while there are such bytes.
 */
final class PendingBytes {
    private final BufferPool pool;
    private MemorySegment buffer; // null while nothing is pending
    private long written;
    private long size;

    PendingBytes(BufferPool pool) {
        this.pool = pool;
    }

    boolean isEmpty() {
        return buffer == null;
    }

    /** Keeps a copy of {@code length} bytes, at least one. Nothing may be pending at the call. */
    void put(MemorySegment from, long offset, long length) {
        buffer = pool.acquire(length);
        MemorySegment.copy(from, offset, buffer, 0, length);
        written = 0;
        size = length;
    }

    /**
     * Writes the bytes to the sink, as many as it takes.
     *
     * @return bytes written, or {@code -errno}: -EAGAIN where the sink takes none
     */
    long flush(Kernel kernel, int sink) {
        long n = kernel.write(sink, buffer, written, size - written);
        // write(2) never returns 0 for bytes to a pipe or a socket. If it did, a flow would take the 0 for an end.
        if (n == 0) return -Errno.EAGAIN;
        if (n > 0) written += n;
        if (written == size) clear();
        return n;
    }

    /** Drops the bytes that are left. */
    void clear() {
        if (buffer != null) pool.release(buffer);
        buffer = null;
    }
}
