package arca.monitor.relay;

import arca.bindings.Errno;
import arca.monitor.reactor.Kernel;
import java.lang.foreign.MemorySegment;

/** Moves bytes by read(2) into a buffer and write(2) out of it. */
final class CopyMover extends Mover {
    CopyMover(Kernel kernel) {
        super(kernel);
    }

    /** {@inheritDoc} A read of fewer could lose the rest of a packet. */
    @Override
    long bytesToAsk(long left) {
        return BUFFER_SIZE;
    }

    @Override
    long transfer(int source, int sink, long count, PendingBytes pending) {
        MemorySegment memory = buffer();
        long n = kernel.read(source, memory, 0, count);
        if (n <= 0) return n;
        long written = kernel.write(sink, memory, 0, n);
        if (written == n) return n;
        // The bytes have left the source, so they are kept whatever the error: a flow goes on after ENOMEM and ENOBUFS.
        long taken = Math.max(written, 0);
        pending.put(memory, taken, n - taken);
        return written == 0 ? -Errno.EAGAIN : written;
    }

    @Override
    boolean mayHoldBack(long moved) {
        return false;
    }
}
