package arca.monitor.relay;

import arca.bindings.Errno;
import arca.monitor.reactor.Kernel;
import arca.monitor.relay.BufferPool.Buffer;
import java.lang.foreign.MemorySegment;

/**
 * The bytes of one flow that have left its source, but that its sink has not taken yet: the rest of a copy, or an urgent
 * byte. A buffer is in use only while there are such bytes.
 */
final class PendingBytes {
    private final BufferPool pool;
    private Buffer buffer; // null while nothing is pending
    private long written;
    private long size;

    PendingBytes(BufferPool pool) {
        this.pool = pool;
    }

    boolean isEmpty() {
        return buffer == null;
    }

    /** Keeps a copy of {@code length} bytes, at least one and at most a page. Nothing may be pending at the call. */
    void put(MemorySegment from, long offset, long length) {
        Buffer copy = pool.acquire(length); // a page is always granted
        MemorySegment.copy(from, offset, copy.memory(), 0, length);
        set(copy, 0, length);
    }

    /**
     * Keeps the bytes from {@code offset} to {@code end} of a buffer. Takes ownership of the buffer. If a smaller one has room
     * for the bytes, they move there. Nothing may be pending at the call.
     */
    void keep(Buffer full, long offset, long end) {
        long length = end - offset;
        Buffer smaller = length <= full.size() / 2 ? pool.acquire(length) : Buffer.NONE;
        if (smaller == Buffer.NONE) {
            set(full, offset, end);
        } else {
            MemorySegment.copy(full.memory(), offset, smaller.memory(), 0, length);
            pool.release(full);
            set(smaller, 0, length);
        }
    }

    private void set(Buffer full, long from, long to) {
        buffer = full;
        written = from;
        size = to;
    }

    /**
     * Writes the bytes to the sink, as many as it takes.
     *
     * @return bytes written, or {@code -errno}: -EAGAIN where the sink takes none
     */
    long flush(Kernel kernel, int sink) {
        long n = kernel.write(sink, buffer.memory(), written, size - written);
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
