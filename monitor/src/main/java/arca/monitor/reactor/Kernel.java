package arca.monitor.reactor;

import java.lang.foreign.MemorySegment;

/**
 * All that a guest's loop asks of the operating system. Each call answers {@code n ≥ 0} or {@code -errno} and throws
 * nothing; the names and meanings are the man pages', less what a loop never varies. It is this narrow so that a kernel
 * simulated from a seed can stand in for Linux.
 *
 * <p>One instance serves one thread. A descriptor is a loan for the call, except to {@link #close}.
 */
public interface Kernel extends AutoCloseable {
    /** How many events one {@link #epoll_wait} tells of. */
    int MAX_EVENTS = 256;

    /** socket(2), close-on-exec. */
    int socket(int domain, int type);

    /** bind(2) to an IPv4 address, its first octet in the highest byte, and a port. */
    int bind(int socket, int address, int port);

    /** listen(2). */
    int listen(int socket, int backlog);

    /** accept4(2): the connection, non-blocking and close-on-exec. */
    int accept4(int listener);

    /** connect(2) to an IPv4 address and port. */
    int connect(int socket, int address, int port);

    /**
     * Whether a TCP connection to an IPv4 address and port would end at this host itself: 1 if it would, 0 if not, as
     * RTM_GETROUTE of rtnetlink(7) says it; {@code -errno} where the kernel does not say.
     */
    int isLocal(int address, int port);

    /** getsockname(2) of an IPv4 socket: {@code address << 16 | port}, the address unsigned. */
    long getsockname(int socket);

    /** getpeername(2), as {@link #getsockname}. */
    long getpeername(int socket);

    /** getsockopt(2) of an int. */
    int getsockopt(int socket, int level, int option);

    /** setsockopt(2) of an int. */
    int setsockopt(int socket, int level, int option, int value);

    /** setsockopt(2) of SO_LINGER with 0 seconds: close(2) then resets the connection. */
    int resetOnClose(int socket);

    /** shutdown(2). */
    int shutdown(int socket, int how);

    /** pipe2(2) with O_CLOEXEC, both ends blocking: the read end to {@code ends[0]}, the write end to {@code ends[1]}. */
    int pipe2(int[] ends);

    /** fcntl(2) with an int argument. */
    int fcntl(int fd, int command, int argument);

    /** ioctl(2) that answers an int: FIONREAD, SIOCOUTQ. */
    int ioctl(int fd, int request);

    /** close(2). The number is free, whatever the answer. */
    int close(int fd);

    /** As {@link #close}, of a pipe's end; {@link #lastCall} then tells which pipe that is. */
    default int closePipe(int end) {
        return close(end);
    }

    /** splice(2) with SPLICE_F_NONBLOCK. */
    long splice(int in, int out, long count);

    /** read(2) into a part of native memory. */
    long read(int fd, MemorySegment to, long offset, long length);

    /** write(2) of a part of native memory. */
    long write(int fd, MemorySegment from, long offset, long length);

    /** recv(2) into the first bytes of native memory. */
    long recv(int socket, MemorySegment to, long length, int flags);

    /** sendmsg(2) of the first bytes of a frame, with SCM_RIGHTS for two descriptors, or for none where both are -1. */
    long sendmsg(int socket, MemorySegment frame, long length, int first, int second);

    /** epoll_create1(2) with EPOLL_CLOEXEC. */
    int epoll_create1();

    /** epoll_ctl(2). */
    int epoll_ctl(int epfd, int op, int fd, int events, long token);

    /** epoll_wait(2): at most {@link #MAX_EVENTS}, for which the arrays have room; the others wait for the next. */
    int epoll_wait(int epfd, long[] tokens, int[] events, int timeoutMillis);

    /** poll(2) of the first entries; a negative descriptor is passed over. */
    int poll(int[] fds, int[] events, int[] revents, int count, int timeoutMillis);

    /** A clock that only goes forward, in nanoseconds. */
    long nanoTime();

    /** The call that may wait for a pipe's lock, for a watchdog. Any thread. */
    default LastCall lastCall() {
        return LastCall.NONE;
    }

    /** Frees the memory that calls use; no descriptor is closed. */
    @Override
    void close();
}
