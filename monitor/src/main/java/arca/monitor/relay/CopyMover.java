package arca.monitor.relay;

import static arca.bindings.Constants.POLLOUT;

import arca.bindings.Errno;
import arca.monitor.reactor.Kernel;
import arca.monitor.relay.BufferPool.Buffer;

/**
 * Moves bytes by read(2) into a buffer and write(2) out of it. What the sink does not take stays in the buffer until it does.
 * Where the budget has no room for a buffer, the mover moves a page at a time, and only to a sink that has room.
 */
final class CopyMover extends Mover {
    private static final int[] POLLOUT_ONLY = {POLLOUT};

    CopyMover(Kernel kernel, MemoryBudget budget) {
        super(kernel, budget);
    }

    /** {@inheritDoc} A read of fewer could lose the rest of a packet. */
    @Override
    long bytesToAsk(long left) {
        return BUFFER_SIZE;
    }

    @Override
    long transfer(int source, int sink, long count, PendingBytes pending) {
        Buffer buffer = pool.acquire(count);
        if (buffer == Buffer.NONE) {
            if (!isReady(sink, POLLOUT_ONLY)) return -Errno.EAGAIN;
            buffer = pool.acquire(BufferPool.PAGE);
        }
        long n = kernel.read(source, buffer.memory(), 0, buffer.size());
        long written = n <= 0 ? n : kernel.write(sink, buffer.memory(), 0, n);
        if (written == n) {
            pool.release(buffer);
            return written;
        }
        // The bytes have left the source, so they are kept whatever the error: a flow goes on after ENOMEM and ENOBUFS.
        pending.keep(buffer, Math.max(written, 0), n);
        return written == 0 ? -Errno.EAGAIN : written;
    }

    @Override
    boolean mayHoldBack(long moved) {
        return false;
    }
}
