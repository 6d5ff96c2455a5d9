package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;

/** eventfd(2). */
final class SimEventFd extends SimFile {
    private long count;

    void signal() {
        count++;
        wake(EPOLLIN);
    }

    /** Returns the count, and sets it to 0. */
    long take() {
        long taken = count;
        count = 0;
        return taken;
    }

    @Override
    int events() {
        return EPOLLOUT | (count > 0 ? EPOLLIN : 0);
    }

    @Override
    void released() {}
}
