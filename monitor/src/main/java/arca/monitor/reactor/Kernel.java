package arca.monitor.reactor;

import arca.bindings.SocketAddress;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Every system call that a guest's loop makes. A call returns {@code n ≥ 0} or {@code -errno}, and throws nothing; a
 * call that asks for an address returns an Optional. Names and meanings are those of the man pages; arguments that a
 * loop never varies are left out. The interface is this narrow so that a simulated kernel can take the place of Linux.
 *
 * <p>One instance serves one thread. No call takes ownership of a descriptor, except {@link #close} and
 * {@link #closePipe}.
 */
public interface Kernel extends AutoCloseable {
    /** The largest number of events that one {@link #epoll_wait} returns. */
    int MAX_EVENTS = 256;

    /** socket(2), close-on-exec. */
    int socket(int domain, int type);

    /** bind(2). */
    int bind(int socket, SocketAddress.Inet address);

    /** listen(2). */
    int listen(int socket, int backlog);

    /** accept4(2): the connection, non-blocking and close-on-exec. */
    int accept4(int listener);

    /** connect(2). */
    int connect(int socket, SocketAddress.Inet address);

    /**
     * Asks the kernel whether a TCP connection to an address would end at this host itself: RTM_GETROUTE of
     * rtnetlink(7).
     *
     * @return 1 if it would, 0 if not, or {@code -errno} if the kernel does not say
     */
    int isLocal(SocketAddress.Inet address);

    /** getsockname(2); empty if the call fails. */
    Optional<SocketAddress.Inet> getsockname(int socket);

    /** getpeername(2); empty if the call fails, as it does if the socket is not connected. */
    Optional<SocketAddress.Inet> getpeername(int socket);

    /** getsockopt(2) of an int. */
    int getsockopt(int socket, int level, int option);

    /** setsockopt(2) of an int. */
    int setsockopt(int socket, int level, int option, int value);

    /** setsockopt(2) of SO_LINGER with 0 seconds: close(2) then resets the connection. */
    int resetOnClose(int socket);

    /** shutdown(2). */
    int shutdown(int socket, int how);

    /** pipe2(2) with O_CLOEXEC, both ends blocking. Stores the read end in {@code ends[0]}, the other after it. */
    int pipe2(int[] ends);

    /** fcntl(2) with an int argument. */
    int fcntl(int fd, int command, int argument);

    /** ioctl(2) that returns an int: FIONREAD, SIOCOUTQ. */
    int ioctl(int fd, int request);

    /** close(2). The number is free afterwards, even if the call fails. */
    int close(int fd);

    /** As {@link #close}, for one end of a pipe. Meanwhile {@link #lastCall} tells which pipe it is. */
    default int closePipe(int end) {
        return close(end);
    }

    /** splice(2) with SPLICE_F_NONBLOCK. */
    long splice(int in, int out, long count);

    /** read(2) into a part of native memory. */
    long read(int fd, MemorySegment to, long offset, long length);

    /** write(2) from a part of native memory. */
    long write(int fd, MemorySegment from, long offset, long length);

    /** recv(2) into the first bytes of native memory. */
    long recv(int socket, MemorySegment to, long length, int flags);

    /** sendmsg(2) of the first bytes of a frame, with two descriptors (SCM_RIGHTS), or with none if both are -1. */
    long sendmsg(int socket, MemorySegment frame, long length, int first, int second);

    /** epoll_create1(2) with EPOLL_CLOEXEC. */
    int epoll_create1();

    /** epoll_ctl(2). */
    int epoll_ctl(int epfd, int op, int fd, int events, long token);

    /**
     * epoll_wait(2), of at most {@link #MAX_EVENTS}; the arrays have room for them. The next call returns the others.
     */
    int epoll_wait(int epfd, long[] tokens, int[] events, int timeoutMillis);

    /** poll(2) of the first {@code count} entries; the kernel skips a negative descriptor. */
    int poll(int[] fds, int[] events, int[] revents, int count, int timeoutMillis);

    /** Returns the time of a clock that never goes back, in nanoseconds. */
    long nanoTime();

    /**
     * Returns a number that grows with each call that moved bytes, or opened or closed a descriptor. The reactor
     * compares two of them to find a loop that spins.
     */
    long progress();

    /** Returns the last call that may have to wait for a pipe's lock, for a watchdog. Any thread. */
    default LastCall lastCall() {
        return LastCall.NONE;
    }

    /** Frees the memory that the calls use; closes no descriptor. */
    @Override
    void close();
}
