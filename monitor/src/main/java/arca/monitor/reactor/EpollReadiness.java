package arca.monitor.reactor;

import static arca.bindings.Constants.EPOLLET;
import static arca.bindings.Constants.EPOLL_CTL_ADD;
import static arca.bindings.Constants.EPOLL_CTL_DEL;
import static arca.bindings.Constants.EPOLL_CTL_MOD;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;

/** epoll(7), edge-triggered: the kernel knows the edges, so there is nothing to say after EAGAIN. */
final class EpollReadiness implements Readiness {
    private final Kernel kernel;
    private final int epfd;
    private final long[] tokens = new long[Kernel.MOST_EVENTS];
    private final int[] events = new int[Kernel.MOST_EVENTS];

    EpollReadiness(Kernel kernel) throws ErrnoException {
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
     * close(2) ends the watch: epoll(7), Q6. While a child that was just forked holds the file too, until its exec(2), an
     * edge may be told still, by a token that is dead. (Below Linux 6.4 such a close takes a lock of all epolls, which a
     * hostile process can hold.)
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
    public boolean tellsOfAcknowledgement() {
        return true;
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
