package arca.monitor.relay;

import arca.bindings.Errno;
import arca.monitor.reactor.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Bytes that were read and that the other side has not taken yet: a rest of a copy, or an urgent byte. Memory of their
 * size is held only while there are any.
 */
final class Stash {
    private Arena arena;
    private MemorySegment bytes;
    private long taken;

    boolean isEmpty() {
        return arena == null;
    }

    /** Keeps a copy of some bytes; the stash must be empty. */
    void put(MemorySegment from, long offset, long length) {
        arena = Arena.ofConfined();
        bytes = arena.allocate(length).copyFrom(from.asSlice(offset, length));
        taken = 0;
    }

    /** Writes what it can: bytes written, or {@code -errno}; -EAGAIN where the sink takes none. */
    long flush(Kernel kernel, int sink) {
        long n = kernel.write(sink, bytes, taken, bytes.byteSize() - taken);
        if (n == 0) return -Errno.EAGAIN; // write(2) of a pipe or socket never says so of bytes; 0 means the end here
        if (n > 0) taken += n;
        if (taken == bytes.byteSize()) clear();
        return n;
    }

    /** Drops what is left. */
    void clear() {
        if (arena != null) arena.close();
        arena = null;
        bytes = null;
    }
}
