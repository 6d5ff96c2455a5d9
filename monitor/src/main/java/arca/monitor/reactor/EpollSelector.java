package arca.monitor.reactor;

import static arca.bindings.Constants.EPOLLET;
import static arca.bindings.Constants.EPOLL_CTL_ADD;
import static arca.bindings.Constants.EPOLL_CTL_DEL;
import static arca.bindings.Constants.EPOLL_CTL_MOD;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;

/**
 * Waits by epoll(7), edge-triggered. The kernel itself reports each event once, so {@link #expect} has nothing to do.
 */
final class EpollSelector implements Selector {
    private final Kernel kernel;
    private final int epfd;
    private final long[] tokens = new long[Kernel.MAX_EVENTS];
    private final int[] events = new int[Kernel.MAX_EVENTS];

    EpollSelector(Kernel kernel) throws ErrnoException {
        this.kernel = kernel;
        this.epfd = ErrnoException.check("epoll_create1", kernel.epoll_create1());
    }

    @Override
    public int add(int slot, int fd, int mask, long token) {
        return kernel.epoll_ctl(epfd, EPOLL_CTL_ADD, fd, mask | EPOLLET, token);
    }

    @Override
    public int modify(int slot, int fd, int mask, long token) {
        return kernel.epoll_ctl(epfd, EPOLL_CTL_MOD, fd, mask | EPOLLET, token);
    }

    @Override
    public void remove(int slot, int fd) {
        kernel.epoll_ctl(epfd, EPOLL_CTL_DEL, fd, 0, 0);
    }

    /**
     * Does nothing: close(2) ends the watch, see epoll(7), question 6. A child process that was just forked has the
     * same file open until its exec(2). Until then the kernel may still report an event; the reactor then ignores its
     * token. (Below Linux 6.4 such a close takes a lock of all epoll instances, which a hostile process can hold.)
     */
    @Override
    public void forget(int slot) {}

    @Override
    public void expect(int slot, int mask) {}

    @Override
    public int blocked(int source, int sink) {
        return 0;
    }

    @Override
    public boolean reportsAcknowledgement() {
        return true;
    }

    @Override
    public boolean reportsUnchanged() {
        return false;
    }

    @Override
    public int await(int timeoutMillis) {
        int n = kernel.epoll_wait(epfd, tokens, events, timeoutMillis);
        return n == -Errno.EINTR ? 0 : n;
    }

    @Override
    public long token(int event) {
        return tokens[event];
    }

    @Override
    public int events(int event) {
        return events[event];
    }

    @Override
    public void close() {
        kernel.close(epfd);
    }
}
