package arca.monitor.guest;

import arca.monitor.config.PipeAllowance;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Limits how much all pipes of a monitor hold. All pipes of one user share an allowance: pipe(7),
 * "/proc/sys/fs/pipe-user-pages-soft". When it is used up, the kernel makes new pipes tiny, for every guest. So a guest
 * gets large pipes only while less than half of the budget is in use, and less than a quarter of it by that guest. Any
 * thread; nothing waits.
 */
final class PipeBudget {
    private final long limit;
    private final AtomicLong used = new AtomicLong();

    /**
     * Creates a budget.
     *
     * @param limit bytes that all pipes together may hold
     */
    PipeBudget(long limit) {
        this.limit = limit;
    }

    /**
     * Returns the size in bytes that the next pipe should have.
     *
     * @param wanted the configured size, in bytes
     * @param guestBytes bytes that the pipes of this guest hold already
     */
    int pipeSize(int wanted, long guestBytes) {
        boolean room = used.get() < limit / 2 && guestBytes < limit / 4;
        return room ? wanted : Math.min(wanted, PipeAllowance.DEFAULT_PIPE);
    }

    void reserve(long bytes) {
        used.addAndGet(bytes);
    }

    void release(long bytes) {
        used.addAndGet(-bytes);
    }
}
