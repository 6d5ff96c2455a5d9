package arca.monitor.relay;

import arca.monitor.reactor.Kernel;

/** Moves bytes by splice(2), inside the kernel. */
final class SpliceMover extends Mover {
    /**
     * TCP holds back nothing of a splice of at most so many bytes. A batch is 16 slots of a pipe. A guest that uses write(2)
     * has at least 28,681 bytes in 16 slots, because a write whose bytes fit into the last page goes there. A guest that
     * splices, or uses packet mode, may have fewer.
     */
    private static final long NEVER_HELD_BACK = 4096;

    SpliceMover(Kernel kernel, MemoryBudget budget) {
        super(kernel, budget);
    }

    @Override
    long bytesToAsk(long left) {
        return left;
    }

    @Override
    long transfer(int source, int sink, long count, PendingBytes pending) {
        return kernel.splice(source, sink, count);
    }

    /**
     * {@inheritDoc}
     *
     * <p>splice(2) to a socket works in batches of 16 slots. It sends each full batch with MSG_MORE, also the last one, when
     * the pipe is empty behind it. TCP then keeps the last segment until an acknowledgement comes, or for 200 ms (measured on
     * 6.18).
     */
    @Override
    boolean mayHoldBack(long moved) {
        return moved > NEVER_HELD_BACK;
    }
}
