package arca.bindings;

import static java.lang.foreign.Linker.Option.firstVariadicArg;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import arca.bindings.Linkage.CallState;
import arca.bindings.generated.Linux;
import arca.bindings.generated.iovec;
import arca.bindings.generated.pollfd;
import arca.bindings.generated.rlimit;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/**
 * Linux system calls under their man-page names (section 2). Each answers its result, or {@code -errno}, and
 * neither throws, logs nor allocates. Three answers stay apart: 0 is the end of a stream, {@code -EAGAIN} is
 * "not now", any other negative number is a failure ({@link Errno}).
 *
 * <p>One object for each call is Java's own: its linker makes a view of the memory that errno goes to, 40 bytes, which
 * the JIT compiler removes where it has inlined the call whole. It nearly always does; README.md has an option that
 * makes it always.
 *
 * <p>EINTR is retried here, so that no caller meets it, but for poll and epoll_wait (the caller has a deadline to
 * reckon anew), close (the descriptor is gone all the same) and connect (the handshake goes on).
 *
 * <p>A descriptor is a loan for one call: its owner is an {@link Fd}. A buffer's own size is passed to the kernel, or
 * that of a part which lies within it. A heap segment or one of the wrong size is an {@link IllegalArgumentException},
 * a part that is not within its buffer an {@link IndexOutOfBoundsException}, a closed arena an
 * {@link IllegalStateException}, another thread's confined arena a {@link WrongThreadException}: never a crash. The buffer of a call that waits may be in a shared arena, which then
 * cannot be closed before the call is over.
 *
 * <p>Any thread may call any method. One that waits pins the carrier of a virtual thread: use platform threads. It
 * is not ended by {@link Thread#interrupt}: have it wait in {@link #poll} for an {@link EventFd} as well.
 *
 * <p>One long table rather than several short ones: its order is that of the man pages' subjects, and each call is
 * linked by a holder of its own when it is first used.
 */
public final class Syscalls {
    private static final long INTS_2 = 2 * JAVA_INT.byteSize();
    private static final long POLLFD = pollfd.sizeof();
    private static final long STATX = Linux.ARCA_STATX_SIZE();
    private static final long RLIMIT = rlimit.sizeof();

    private Syscalls() {}

    // Pipes: pipe2(2), splice(2), tee(2), vmsplice(2).

    /**
     * pipe2(2): makes a pipe.
     *
     * @param pipefd 8 bytes, native, that receive the read end and the write end, two ints
     * @param flags {@code O_CLOEXEC}, {@code O_NONBLOCK} (of both ends), {@code O_DIRECT}
     * @return 0, or {@code -errno}
     */
    public static int pipe2(MemorySegment pipefd, int flags) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Pipe2.HANDLE.invokeExact(state.errno, sized(pipefd, INTS_2), flags), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Pipe2 {
        static final MethodHandle HANDLE = Linkage.capturingErrno("pipe2", Linux.pipe2$descriptor());
    }

    /**
     * splice(2), at the files' own offsets: moves bytes between a pipe and another descriptor without
     * copying them. {@code SPLICE_F_NONBLOCK} covers the pipe alone; a socket must have O_NONBLOCK itself.
     *
     * @param in where the bytes come from
     * @param out where they go; one of the two must be a pipe
     * @param count the most bytes to move; a short answer does not mean that {@code in} is empty
     * @param flags {@code SPLICE_F_*}
     * @return bytes moved, 0 at the end of {@code in} (from a socket also before urgent data), or
     *     {@code -errno}; EAGAIN is "nothing there" and "no room" alike
     */
    public static long splice(int in, int out, long count, int flags) {
        CallState state = Linkage.callState();
        try {
            long n;
            do {
                n = Linkage.result(
                        (long) Splice.HANDLE.invokeExact(state.errno, in, NULL, out, NULL, count, flags), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Splice {
        static final MethodHandle HANDLE = Linkage.capturingErrno("splice", Linux.splice$descriptor());
    }

    /**
     * tee(2): duplicates bytes from one pipe into another and leaves them in the first.
     *
     * @param in the pipe to read
     * @param out the pipe to write
     * @param count the most bytes to duplicate
     * @param flags {@code SPLICE_F_*}
     * @return bytes duplicated, 0 at the end of {@code in}, or {@code -errno}
     */
    public static long tee(int in, int out, long count, int flags) {
        CallState state = Linkage.callState();
        try {
            long n;
            do {
                n = Linkage.result((long) Tee.HANDLE.invokeExact(state.errno, in, out, count, flags), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Tee {
        static final MethodHandle HANDLE = Linkage.capturingErrno("tee", Linux.tee$descriptor());
    }

    /**
     * vmsplice(2) of one buffer: maps its pages into a pipe, or copies from the pipe's read end into it. The
     * pipe refers to the memory itself: it must stay allocated and unchanged until the bytes were read from
     * the far end.
     *
     * @param pipe a pipe's write end; or its read end, and then {@code buffer} is written to
     * @param buffer native memory; its own size is the count
     * @param flags {@code SPLICE_F_*}
     * @return bytes moved, or {@code -errno}
     */
    public static long vmsplice(int pipe, MemorySegment buffer, int flags) {
        writable(buffer);
        CallState state = Linkage.callState();
        try {
            long n;
            do {
                n = Linkage.result(
                        (long) Vmsplice.HANDLE.invokeExact(state.errno, pipe, iovec(state, buffer), 1L, flags, buffer),
                        state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Vmsplice {
        // The fifth argument is none of vmsplice's, which ignores it, as both ABIs allow. It keeps the buffer's
        // arena from being closed during the call: the iovec names the memory by a bare address.
        static final MethodHandle HANDLE =
                Linkage.capturingErrno("vmsplice", Linux.vmsplice$descriptor().appendArgumentLayouts(ADDRESS));
    }

    // Bytes: read(2), write(2), recv(2), send(2).

    /**
     * read(2) into the whole of a buffer.
     *
     * @param fd the descriptor to read
     * @param buffer native memory; its own size is the count
     * @return bytes read, 0 at the end, or {@code -errno}
     */
    public static long read(int fd, MemorySegment buffer) {
        return read(fd, buffer, 0, buffer.byteSize());
    }

    /**
     * read(2) into a part of a buffer.
     *
     * @param fd the descriptor to read
     * @param buffer native memory
     * @param offset where the part begins, in bytes
     * @param length its size: the count
     * @return bytes read, 0 at the end, or {@code -errno}
     * @throws IndexOutOfBoundsException if the part is not within the buffer
     */
    public static long read(int fd, MemorySegment buffer, long offset, long length) {
        long address = part(writable(buffer), offset, length);
        CallState state = Linkage.callState();
        try {
            long n;
            do {
                n = Linkage.result((long) Read.HANDLE.invokeExact(state.errno, fd, address, length, buffer), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Read {
        static final MethodHandle HANDLE = Linkage.capturingErrnoWithin("read", Linux.read$descriptor());
    }

    /**
     * pread(2) into the whole of a buffer; the file's own offset stays where it is.
     *
     * @param fd a descriptor of a file that can be read from any place
     * @param buffer native memory; its own size is the count
     * @param offset where in the file to read from, in bytes
     * @return bytes read, 0 at the end, or {@code -errno}
     */
    public static long pread(int fd, MemorySegment buffer, long offset) {
        writable(buffer);
        CallState state = Linkage.callState();
        try {
            long n;
            do {
                n = Linkage.result(
                        (long) Pread.HANDLE.invokeExact(state.errno, fd, buffer, buffer.byteSize(), offset), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Pread {
        // By hand: off_t is a long on both architectures.
        static final MethodHandle HANDLE = Linkage.capturingErrno(
                "pread", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    }

    /**
     * write(2) of the whole of a buffer. A pipe or socket whose reader is gone is EPIPE; the JVM takes care of
     * SIGPIPE.
     *
     * @param fd the descriptor to write
     * @param buffer native memory; its own size is the count
     * @return bytes written, perhaps fewer than asked, or {@code -errno}
     */
    public static long write(int fd, MemorySegment buffer) {
        return write(fd, buffer, 0, buffer.byteSize());
    }

    /**
     * write(2) of a part of a buffer, as {@link #write(int, MemorySegment)}.
     *
     * @param fd the descriptor to write
     * @param buffer native memory
     * @param offset where the part begins, in bytes
     * @param length its size: the count
     * @return bytes written, perhaps fewer than asked, or {@code -errno}
     * @throws IndexOutOfBoundsException if the part is not within the buffer
     */
    public static long write(int fd, MemorySegment buffer, long offset, long length) {
        long address = part(buffer, offset, length);
        CallState state = Linkage.callState();
        try {
            long n;
            do {
                n = Linkage.result((long) Write.HANDLE.invokeExact(state.errno, fd, address, length, buffer), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Write {
        static final MethodHandle HANDLE = Linkage.capturingErrnoWithin("write", Linux.write$descriptor());
    }

    /**
     * recv(2) into the whole of a buffer.
     *
     * @param socket the socket to read
     * @param buffer native memory; its own size is the count
     * @param flags {@code MSG_*}
     * @return bytes received (with MSG_TRUNC perhaps more than fit), 0 at the end, or {@code -errno}
     */
    public static long recv(int socket, MemorySegment buffer, int flags) {
        return recv(socket, buffer, 0, buffer.byteSize(), flags);
    }

    /**
     * recv(2) into a part of a buffer.
     *
     * @param socket the socket to read
     * @param buffer native memory
     * @param offset where the part begins, in bytes
     * @param length its size: the count
     * @param flags {@code MSG_*}
     * @return bytes received (with MSG_TRUNC perhaps more than fit), 0 at the end, or {@code -errno}
     * @throws IndexOutOfBoundsException if the part is not within the buffer
     */
    public static long recv(int socket, MemorySegment buffer, long offset, long length, int flags) {
        long address = part(writable(buffer), offset, length);
        CallState state = Linkage.callState();
        try {
            long n;
            do {
                n = Linkage.result(
                        (long) Recv.HANDLE.invokeExact(state.errno, socket, address, length, flags, buffer), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Recv {
        static final MethodHandle HANDLE = Linkage.capturingErrnoWithin("recv", Linux.recv$descriptor());
    }

    /**
     * send(2) of the whole of a buffer.
     *
     * @param socket the socket to write
     * @param buffer native memory; its own size is the count
     * @param flags {@code MSG_*}
     * @return bytes taken, perhaps fewer than asked, or {@code -errno}
     */
    public static long send(int socket, MemorySegment buffer, int flags) {
        return send(socket, buffer, 0, buffer.byteSize(), flags);
    }

    /**
     * send(2) of a part of a buffer.
     *
     * @param socket the socket to write
     * @param buffer native memory
     * @param offset where the part begins, in bytes
     * @param length its size: the count
     * @param flags {@code MSG_*}
     * @return bytes taken, perhaps fewer than asked, or {@code -errno}
     * @throws IndexOutOfBoundsException if the part is not within the buffer
     */
    public static long send(int socket, MemorySegment buffer, long offset, long length, int flags) {
        long address = part(buffer, offset, length);
        CallState state = Linkage.callState();
        try {
            long n;
            do {
                n = Linkage.result(
                        (long) Send.HANDLE.invokeExact(state.errno, socket, address, length, flags, buffer), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Send {
        static final MethodHandle HANDLE = Linkage.capturingErrnoWithin("send", Linux.send$descriptor());
    }

    /** sendmsg(2). Not public: a msghdr holds addresses that nothing checks; {@link ScmRights} builds it. */
    static long sendmsg(int socket, MemorySegment msghdr, int flags) {
        CallState state = Linkage.callState();
        try {
            long n;
            do {
                n = Linkage.result((long) Sendmsg.HANDLE.invokeExact(state.errno, socket, msghdr, flags), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Sendmsg {
        static final MethodHandle HANDLE = Linkage.capturingErrno("sendmsg", Linux.sendmsg$descriptor());
    }

    /** recvmsg(2). Not public: a msghdr holds addresses that nothing checks; {@link ScmRights} builds it. */
    static long recvmsg(int socket, MemorySegment msghdr, int flags) {
        CallState state = Linkage.callState();
        try {
            long n;
            do {
                n = Linkage.result((long) Recvmsg.HANDLE.invokeExact(state.errno, socket, msghdr, flags), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Recvmsg {
        static final MethodHandle HANDLE = Linkage.capturingErrno("recvmsg", Linux.recvmsg$descriptor());
    }

    // Readiness: poll(2), epoll(7), eventfd(2).

    /**
     * poll(2). Answers EINTR rather than waiting again, so that the caller can reckon its deadline anew.
     *
     * @param fds native array of struct pollfd ({@link Poll}); its own size is the count
     * @param timeout milliseconds; 0 does not wait, -1 waits without end
     * @return how many entries have events, 0 when the time is over, or {@code -errno}
     */
    public static int poll(MemorySegment fds, int timeout) {
        writable(fds);
        CallState state = Linkage.callState();
        try {
            return Linkage.result(
                    (int) Poll.HANDLE.invokeExact(state.errno, fds, (long) entries(fds, POLLFD), timeout), state);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Poll {
        static final MethodHandle HANDLE = Linkage.capturingErrno("poll", Linux.poll$descriptor());
    }

    /**
     * epoll_create1(2): makes an epoll instance.
     *
     * @param flags {@code EPOLL_CLOEXEC} or 0
     * @return a new descriptor, owned by the caller, or {@code -errno}
     */
    public static int epoll_create1(int flags) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) EpollCreate1.HANDLE.invokeExact(state.errno, flags), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class EpollCreate1 {
        static final MethodHandle HANDLE = Linkage.capturingErrno("epoll_create1", Linux.epoll_create1$descriptor());
    }

    /**
     * epoll_ctl(2): starts, changes or stops watching a descriptor.
     *
     * @param epfd the epoll instance
     * @param op {@code EPOLL_CTL_ADD}, {@code EPOLL_CTL_MOD} or {@code EPOLL_CTL_DEL}
     * @param fd the descriptor to watch
     * @param events {@code EPOLL*}; without meaning for EPOLL_CTL_DEL
     * @param token what events of {@code fd} will carry as their data: not a descriptor, for the kernel
     *     gives those numbers again
     * @return 0, or {@code -errno}
     */
    public static int epoll_ctl(int epfd, int op, int fd, int events, long token) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) EpollCtl.HANDLE.invokeExact(
                                state.errno, epfd, op, fd, Epoll.event(state.argument, events, token)),
                        state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class EpollCtl {
        static final MethodHandle HANDLE = Linkage.capturingErrno("epoll_ctl", Linux.epoll_ctl$descriptor());
    }

    /**
     * epoll_wait(2). Answers EINTR rather than waiting again, so that the caller can reckon its deadline anew.
     *
     * @param epfd the epoll instance
     * @param events native array of struct epoll_event ({@link Epoll}); its own size is the most events
     * @param timeout milliseconds; 0 does not wait, -1 waits without end
     * @return how many events were stored, 0 when the time is over, or {@code -errno}
     */
    public static int epoll_wait(int epfd, MemorySegment events, int timeout) {
        writable(events);
        CallState state = Linkage.callState();
        try {
            return Linkage.result(
                    (int) EpollWait.HANDLE.invokeExact(
                            state.errno, epfd, events, entries(events, Epoll.EVENT_SIZE), timeout),
                    state);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class EpollWait {
        static final MethodHandle HANDLE = Linkage.capturingErrno("epoll_wait", Linux.epoll_wait$descriptor());
    }

    /**
     * eventfd(2): makes a counter that can be waited for.
     *
     * @param initial its first value, unsigned
     * @param flags {@code EFD_*}
     * @return a new descriptor, owned by the caller, or {@code -errno}
     */
    public static int eventfd(int initial, int flags) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Eventfd.HANDLE.invokeExact(state.errno, initial, flags), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Eventfd {
        static final MethodHandle HANDLE = Linkage.capturingErrno("eventfd", Linux.eventfd$descriptor());
    }

    // Sockets: socket(2) and its section.

    /**
     * socket(2): makes a socket.
     *
     * @param domain {@code AF_*}
     * @param type {@code SOCK_*}, with SOCK_CLOEXEC and SOCK_NONBLOCK as flags
     * @param protocol 0 for the domain's own
     * @return a new descriptor, owned by the caller, or {@code -errno}
     */
    public static int socket(int domain, int type, int protocol) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Socket.HANDLE.invokeExact(state.errno, domain, type, protocol), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Socket {
        static final MethodHandle HANDLE = Linkage.capturingErrno("socket", Linux.socket$descriptor());
    }

    /**
     * socketpair(2): makes two sockets connected to each other.
     *
     * @param domain {@code AF_UNIX}
     * @param type {@code SOCK_*}, with SOCK_CLOEXEC and SOCK_NONBLOCK as flags
     * @param protocol 0
     * @param sv 8 bytes, native, that receive the two descriptors, two ints
     * @return 0, or {@code -errno}
     */
    public static int socketpair(int domain, int type, int protocol, MemorySegment sv) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Socketpair.HANDLE.invokeExact(state.errno, domain, type, protocol, sized(sv, INTS_2)),
                        state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Socketpair {
        static final MethodHandle HANDLE = Linkage.capturingErrno("socketpair", Linux.socketpair$descriptor());
    }

    /**
     * bind(2).
     *
     * @param socket the socket to name
     * @param address a native sockaddr ({@link SocketAddress#toSockaddr}); its own size is its length
     * @return 0, or {@code -errno}
     */
    public static int bind(int socket, MemorySegment address) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Bind.HANDLE.invokeExact(state.errno, socket, address, (int) address.byteSize()), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Bind {
        static final MethodHandle HANDLE = Linkage.capturingErrno("bind", Linux.bind$descriptor());
    }

    /**
     * listen(2).
     *
     * @param socket a bound stream socket
     * @param backlog how many established connections may wait; the kernel cuts it to net.core.somaxconn
     * @return 0, or {@code -errno}
     */
    public static int listen(int socket, int backlog) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Listen.HANDLE.invokeExact(state.errno, socket, backlog), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Listen {
        static final MethodHandle HANDLE = Linkage.capturingErrno("listen", Linux.listen$descriptor());
    }

    /**
     * accept4(2) without an address ({@link #getpeername} tells it).
     *
     * @param socket a listening socket
     * @param flags {@code SOCK_CLOEXEC}, {@code SOCK_NONBLOCK}
     * @return a new descriptor, owned by the caller, or {@code -errno}
     */
    public static int accept4(int socket, int flags) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Accept4.HANDLE.invokeExact(state.errno, socket, NULL, NULL, flags), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Accept4 {
        static final MethodHandle HANDLE = Linkage.capturingErrno("accept4", Linux.accept4$descriptor());
    }

    /**
     * connect(2). EINTR is answered, not retried: the handshake goes on by itself, and a second call would say
     * EALREADY.
     *
     * @param socket the socket to connect
     * @param address a native sockaddr ({@link SocketAddress#toSockaddr}); its own size is its length
     * @return 0, or {@code -errno}: EINPROGRESS (EAGAIN for a Unix socket) where it does not block
     */
    public static int connect(int socket, MemorySegment address) {
        CallState state = Linkage.callState();
        try {
            return Linkage.result(
                    (int) Connect.HANDLE.invokeExact(state.errno, socket, address, (int) address.byteSize()), state);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Connect {
        static final MethodHandle HANDLE = Linkage.capturingErrno("connect", Linux.connect$descriptor());
    }

    /**
     * shutdown(2).
     *
     * @param socket a connected socket
     * @param how {@code SHUT_RD}, {@code SHUT_WR} or {@code SHUT_RDWR}
     * @return 0, or {@code -errno}
     */
    public static int shutdown(int socket, int how) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Shutdown.HANDLE.invokeExact(state.errno, socket, how), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Shutdown {
        static final MethodHandle HANDLE = Linkage.capturingErrno("shutdown", Linux.shutdown$descriptor());
    }

    /**
     * getsockname(2).
     *
     * @param socket a socket
     * @param address native memory that receives the sockaddr, cut off where it is too small
     * @return the address's real length in bytes, or {@code -errno}
     */
    public static int getsockname(int socket, MemorySegment address) {
        writable(address);
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Getsockname.HANDLE.invokeExact(state.errno, socket, address, length(state, address)),
                        state);
            } while (n == -Errno.EINTR);
            return n < 0 ? n : state.length.get(JAVA_INT, 0);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Getsockname {
        static final MethodHandle HANDLE = Linkage.capturingErrno("getsockname", Linux.getsockname$descriptor());
    }

    /**
     * getpeername(2).
     *
     * @param socket a connected socket
     * @param address native memory that receives the sockaddr, cut off where it is too small
     * @return the address's real length in bytes, or {@code -errno}
     */
    public static int getpeername(int socket, MemorySegment address) {
        writable(address);
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Getpeername.HANDLE.invokeExact(state.errno, socket, address, length(state, address)),
                        state);
            } while (n == -Errno.EINTR);
            return n < 0 ? n : state.length.get(JAVA_INT, 0);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Getpeername {
        static final MethodHandle HANDLE = Linkage.capturingErrno("getpeername", Linux.getpeername$descriptor());
    }

    /**
     * getsockopt(2) of an option with a struct for a value, such as SO_PEERCRED.
     *
     * @param socket a socket
     * @param level {@code SOL_SOCKET}, {@code IPPROTO_*}
     * @param option {@code SO_*}, {@code TCP_*}
     * @param value native memory that receives the value
     * @return the value's length in bytes, or {@code -errno}
     */
    public static int getsockopt(int socket, int level, int option, MemorySegment value) {
        writable(value);
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Getsockopt.HANDLE.invokeExact(
                                state.errno, socket, level, option, value, length(state, value)),
                        state);
            } while (n == -Errno.EINTR);
            return n < 0 ? n : state.length.get(JAVA_INT, 0);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Getsockopt {
        static final MethodHandle HANDLE = Linkage.capturingErrno("getsockopt", Linux.getsockopt$descriptor());
    }

    /**
     * getsockopt(2) of an option with an int for a value that is never negative, such as SO_ERROR, or with a
     * descriptor: SO_PEERPIDFD.
     *
     * @param socket a socket
     * @param level {@code SOL_SOCKET}, {@code IPPROTO_*}
     * @param option {@code SO_*}, {@code TCP_*}
     * @return the value, or {@code -errno}
     */
    public static int getsockopt(int socket, int level, int option) {
        MemorySegment value = Linkage.callState().integer;
        int n = getsockopt(socket, level, option, value);
        return n < 0 ? n : value.get(JAVA_INT, 0);
    }

    /**
     * setsockopt(2) of an option with a struct for a value, such as SO_LINGER.
     *
     * @param socket a socket
     * @param level {@code SOL_SOCKET}, {@code IPPROTO_*}
     * @param option {@code SO_*}, {@code TCP_*}
     * @param value native memory; its own size is the length
     * @return 0, or {@code -errno}
     */
    public static int setsockopt(int socket, int level, int option, MemorySegment value) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Setsockopt.HANDLE.invokeExact(
                                state.errno, socket, level, option, value, (int) value.byteSize()),
                        state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Setsockopt {
        static final MethodHandle HANDLE = Linkage.capturingErrno("setsockopt", Linux.setsockopt$descriptor());
    }

    /**
     * setsockopt(2) of an option with an int for a value.
     *
     * @param socket a socket
     * @param level {@code SOL_SOCKET}, {@code IPPROTO_*}
     * @param option {@code SO_*}, {@code TCP_*}
     * @param value the value; 0 and 1 for a switch
     * @return 0, or {@code -errno}
     */
    public static int setsockopt(int socket, int level, int option, int value) {
        MemorySegment memory = Linkage.callState().integer;
        memory.set(JAVA_INT, 0, value);
        return setsockopt(socket, level, option, memory);
    }

    // Descriptors and files.

    /**
     * open(2).
     *
     * @param path a native C string: its last byte must be 0
     * @param flags {@code O_*}
     * @param mode permissions of a file that O_CREAT makes, less the umask
     * @return a new descriptor, owned by the caller, or {@code -errno}
     */
    public static int open(MemorySegment path, int flags, int mode) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Open.HANDLE.invokeExact(state.errno, terminated(path), flags, mode), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Open {
        static final MethodHandle HANDLE = Linkage.capturingErrno(
                "open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), firstVariadicArg(2));
    }

    /**
     * close(2). Never retried: the number is free, whatever the answer.
     *
     * @param fd the descriptor to close; {@link Fd#close} is the safer way
     * @return 0, or {@code -errno}
     */
    public static int close(int fd) {
        CallState state = Linkage.callState();
        try {
            return Linkage.result((int) Close.HANDLE.invokeExact(state.errno, fd), state);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Close {
        static final MethodHandle HANDLE = Linkage.capturingErrno("close", Linux.close$descriptor());
    }

    /**
     * fcntl(2), for the commands whose argument is an int: F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETPIPE_SZ and
     * F_SETPIPE_SZ.
     *
     * @param fd the descriptor
     * @param command one of those
     * @param argument flags or bytes; without meaning to those that get
     * @return what the command gives, or {@code -errno}
     * @throws IllegalArgumentException for any other command: its argument might be an address
     */
    public static int fcntl(int fd, int command, int argument) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Fcntl.HANDLE.invokeExact(state.errno, fd, intCommand(command), argument), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Fcntl {
        static final MethodHandle HANDLE = Linkage.capturingErrno(
                "fcntl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT), firstVariadicArg(2));
    }

    /**
     * ioctl(2), for the requests that store one int: FIONREAD and SIOCOUTQ.
     *
     * @param fd the descriptor
     * @param request one of the two
     * @return the int, in bytes, or {@code -errno}
     * @throws IllegalArgumentException for any other request: it might store more
     */
    public static int ioctl(int fd, int request) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Ioctl.HANDLE.invokeExact(state.errno, fd, (long) intRequest(request), state.integer),
                        state);
            } while (n == -Errno.EINTR);
            return n < 0 ? n : state.integer.get(JAVA_INT, 0);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Ioctl {
        static final MethodHandle HANDLE = Linkage.capturingErrno(
                "ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), firstVariadicArg(2));
    }

    /**
     * unlink(2).
     *
     * @param path a native C string: its last byte must be 0
     * @return 0, or {@code -errno}
     */
    public static int unlink(MemorySegment path) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Unlink.HANDLE.invokeExact(state.errno, terminated(path)), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Unlink {
        static final MethodHandle HANDLE = Linkage.capturingErrno("unlink", Linux.unlink$descriptor());
    }

    /**
     * fchmod(2); of a socket before bind(2) it sets the mode of the socket file, less the umask.
     *
     * @param fd the descriptor
     * @param mode permissions
     * @return 0, or {@code -errno}
     */
    public static int fchmod(int fd, int mode) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Fchmod.HANDLE.invokeExact(state.errno, fd, mode), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Fchmod {
        static final MethodHandle HANDLE = Linkage.capturingErrno("fchmod", Linux.fchmod$descriptor());
    }

    /**
     * statx(2) with STATX_BASIC_STATS: what the kernel knows of a file. {@link FileStatus} reads the answer.
     *
     * @param directory where a relative path begins, or the file itself with AT_EMPTY_PATH; or {@code AT_FDCWD}
     * @param path a native C string: its last byte must be 0
     * @param flags {@code AT_*}
     * @param statx receives the answer; 256 bytes, native
     * @return 0, or {@code -errno}
     */
    public static int statx(int directory, MemorySegment path, int flags, MemorySegment statx) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Statx.HANDLE.invokeExact(
                                state.errno,
                                directory,
                                terminated(path),
                                flags,
                                Constants.STATX_BASIC_STATS,
                                sized(statx, STATX)),
                        state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    /**
     * Tells the inode number of an open file, by statx(2): for a pipe, the number in {@code pipe:[…]} of proc(5). It takes no
     * lock of the pipe, so it never waits for a process that holds one.
     *
     * @param fd the descriptor
     * @return the number, or {@code -errno}
     */
    public static long inode(int fd) {
        CallState state = Linkage.callState();
        try {
            int n = Linkage.result(
                    (int) Statx.HANDLE.invokeExact(
                            state.errno,
                            fd,
                            Statx.NO_PATH,
                            Constants.AT_EMPTY_PATH,
                            Constants.STATX_BASIC_STATS,
                            state.statx),
                    state);
            return n < 0 ? n : state.statx.get(JAVA_LONG, Linux.ARCA_STATX_INO());
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Statx {
        static final MethodHandle HANDLE = Linkage.capturingErrno("statx", Linux.statx$descriptor());
        static final MemorySegment NO_PATH = Arena.global().allocate(1); // the empty string
    }

    /**
     * flock(2).
     *
     * @param fd an open file
     * @param operation {@code LOCK_*}
     * @return 0, or {@code -errno}
     */
    public static int flock(int fd, int operation) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) Flock.HANDLE.invokeExact(state.errno, fd, operation), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Flock {
        static final MethodHandle HANDLE = Linkage.capturingErrno("flock", Linux.flock$descriptor());
    }

    // Processes: getpid(2), geteuid(2), gettid(2), getrlimit(2), prctl(2), pidfd_open(2), pidfd_send_signal(2).

    /**
     * getpid(2).
     *
     * @return this process's id
     */
    public static int getpid() {
        CallState state = Linkage.callState();
        try {
            return Linkage.result((int) Getpid.HANDLE.invokeExact(state.errno), state);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Getpid {
        static final MethodHandle HANDLE = Linkage.capturingErrno("getpid", Linux.getpid$descriptor());
    }

    /**
     * geteuid(2).
     *
     * @return the user id that the kernel checks this process's rights by; unsigned
     */
    public static int geteuid() {
        CallState state = Linkage.callState();
        try {
            return (int) Geteuid.HANDLE.invokeExact(state.errno); // it never fails
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Geteuid {
        static final MethodHandle HANDLE = Linkage.capturingErrno("geteuid", Linux.geteuid$descriptor());
    }

    /**
     * gettid(2).
     *
     * @return the calling thread's id, as in /proc/self/task
     */
    public static int gettid() {
        CallState state = Linkage.callState();
        try {
            return Linkage.result((int) Gettid.HANDLE.invokeExact(state.errno), state);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Gettid {
        static final MethodHandle HANDLE = Linkage.capturingErrno("gettid", Linux.gettid$descriptor());
    }

    /**
     * getrlimit(2).
     *
     * @param resource {@code RLIMIT_*}
     * @param rlimit 16 bytes, native, that receive the soft limit and the hard limit, two unsigned longs
     * @return 0, or {@code -errno}
     */
    public static int getrlimit(int resource, MemorySegment rlimit) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) Getrlimit.HANDLE.invokeExact(state.errno, resource, sized(rlimit, RLIMIT)), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Getrlimit {
        static final MethodHandle HANDLE = Linkage.capturingErrno("getrlimit", Linux.getrlimit$descriptor());
    }

    /**
     * prctl(2), for the options whose argument is one number: PR_SET_DUMPABLE.
     *
     * @param option that option
     * @param argument its value
     * @return 0, or {@code -errno}
     * @throws IllegalArgumentException for any other option: its argument might be an address
     */
    public static int prctl(int option, long argument) {
        CallState state = Linkage.callState();
        try {
            return Linkage.result((int) Prctl.HANDLE.invokeExact(state.errno, numberOption(option), argument), state);
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Prctl {
        static final MethodHandle HANDLE = Linkage.capturingErrno(
                "prctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG), firstVariadicArg(1));
    }

    /**
     * pidfd_open(2): a descriptor that stands for a process, whoever gets its number later.
     *
     * @param pid a process id
     * @param flags 0
     * @return a new descriptor, owned by the caller, or {@code -errno}; ENOSYS before glibc 2.36
     */
    public static int pidfd_open(int pid, int flags) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result((int) PidfdOpen.HANDLE.invokeExact(state.errno, pid, flags), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class PidfdOpen {
        // By hand, as the next: in glibc since 2.36 only, and generated code insists on its symbols.
        static final MethodHandle HANDLE =
                Linkage.capturingErrno("pidfd_open", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    }

    /**
     * pidfd_send_signal(2), as kill(2) would send it.
     *
     * @param pidfd a descriptor of {@link #pidfd_open} or SO_PEERPIDFD
     * @param signal {@code SIG*}, or 0 to ask whether the process lives and may be signalled
     * @return 0, or {@code -errno}; ENOSYS before glibc 2.36
     */
    public static int pidfd_send_signal(int pidfd, int signal) {
        CallState state = Linkage.callState();
        try {
            int n;
            do {
                n = Linkage.result(
                        (int) PidfdSendSignal.HANDLE.invokeExact(state.errno, pidfd, signal, NULL, 0), state);
            } while (n == -Errno.EINTR);
            return n;
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class PidfdSendSignal {
        static final MethodHandle HANDLE = Linkage.capturingErrno(
                "pidfd_send_signal", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    }

    // What keeps a call from reading or writing past its memory.

    private static MemorySegment sized(MemorySegment memory, long size) {
        if (memory.byteSize() < size) {
            throw new IllegalArgumentException("needs " + size + " bytes, has " + memory.byteSize());
        }
        return writable(memory);
    }

    /** The address of a part of {@code memory}, for a call that is given {@code memory} too, and so checks the rest. */
    private static long part(MemorySegment memory, long offset, long length) {
        Objects.checkFromIndexSize(offset, length, memory.byteSize());
        return memory.address() + offset;
    }

    /** The kernel does not know of read-only segments. */
    private static MemorySegment writable(MemorySegment memory) {
        if (memory.isReadOnly()) throw new IllegalArgumentException("a read-only segment cannot receive anything");
        return memory;
    }

    /** The number of array elements in {@code memory}, as nfds_t (a long) and int both have room for it. */
    private static int entries(MemorySegment memory, long size) {
        long entries = memory.byteSize() / size;
        if (entries * size != memory.byteSize() || entries > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(memory.byteSize() + " bytes are no array of elements of " + size);
        }
        return (int) entries;
    }

    private static MemorySegment terminated(MemorySegment string) {
        long size = string.byteSize();
        if (size == 0 || string.get(JAVA_BYTE, size - 1) != 0) {
            throw new IllegalArgumentException("a C string must end with a 0 byte");
        }
        return string;
    }

    private static MemorySegment iovec(CallState state, MemorySegment buffer) {
        if (!buffer.isNative()) throw new IllegalArgumentException("heap segment: a system call needs native memory");
        iovec.iov_base(state.argument, buffer);
        iovec.iov_len(state.argument, buffer.byteSize());
        return state.argument;
    }

    /** A socklen_t that holds the size of {@code memory}. */
    private static MemorySegment length(CallState state, MemorySegment memory) {
        state.length.set(JAVA_INT, 0, (int) Math.min(memory.byteSize(), Integer.MAX_VALUE));
        return state.length;
    }

    private static int intCommand(int command) {
        return switch (command) {
            case Constants.F_GETFD,
                    Constants.F_SETFD,
                    Constants.F_GETFL,
                    Constants.F_SETFL,
                    Constants.F_GETPIPE_SZ,
                    Constants.F_SETPIPE_SZ -> command;
            default -> throw new IllegalArgumentException("fcntl command " + command + " is not known to take an int");
        };
    }

    private static int numberOption(int option) {
        if (option == Constants.PR_SET_DUMPABLE) return option;
        throw new IllegalArgumentException("prctl option " + option + " is not known to take a number");
    }

    private static int intRequest(int request) {
        return switch (request) {
            case Constants.FIONREAD, Constants.SIOCOUTQ -> request;
            default -> throw new IllegalArgumentException("ioctl request " + request + " is not known to store an int");
        };
    }
}
