package arca.monitor.guest;

import arca.monitor.config.PipeAllowance;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How much all pipes of a monitor may hold. One user's pipes share one allowance (pipe(7), "/proc/sys/fs/
 * pipe-user-pages-soft"): past it the kernel makes new ones tiny, whoever they are for. So a guest is given large pipes
 * only while there is room for everybody. For any number of threads; nothing here waits.
 */
final class PipeBudget {
    private final long limit;
    private final AtomicLong used = new AtomicLong();

    PipeBudget(long limit) {
        this.limit = limit;
    }

    /**
     * The size that the next pipes should have.
     *
     * @param wanted bytes, where there is room
     * @param guestBytes bytes that this guest's pipes have already
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
