package arca.bindings;

import static java.lang.foreign.Linker.Option.firstVariadicArg;
import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

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
 * Linux system calls under the names of their man pages, section 2. Each method returns the call's result or
 * {@code -errno}; it does not throw for an error of the call, it logs nothing and it allocates nothing. Three results
 * are different things: 0 is the end of a stream, {@code -EAGAIN} is "not now", and any other negative number is a
 * failure ({@link Errno}).
 *
 * <p><b>EINTR.</b> A method that says so in its description can be interrupted by a signal, and then makes the call
 * again: signal(7), "Interruption of system calls and library functions by signal handlers". Three methods return
 * {@code -EINTR} instead: {@link #poll} and {@link #epoll_wait}, because only the caller knows its deadline, and
 * {@link #connect}, because the handshake continues. All other calls never wait, or wait where no signal interrupts
 * them.
 *
 * <p><b>Allocation.</b> Java's linker makes one object of 40 bytes in each call: a view of the memory that receives
 * errno. The JIT compiler removes it where it has inlined the whole call. README.md has options that make it always
 * do so.
 *
 * <p><b>Memory.</b> A descriptor is lent for one call; its owner is an {@link Fd}. The kernel is given a buffer's own
 * size, or the size of a part that lies within the buffer. A wrong segment never crashes the JVM. The method throws
 * {@link IllegalArgumentException} for a heap segment, a read-only segment that the kernel would write to, or a wrong
 * size; {@link IndexOutOfBoundsException} for a part outside its buffer; {@link IllegalStateException} for a closed
 * arena; {@link WrongThreadException} for another thread's confined arena. A shared arena cannot be closed while a
 * call uses its memory.
 *
 * <p><b>Threads.</b> Any thread may call any method. A call that waits pins the carrier of a virtual thread: use
 * platform threads. {@link Thread#interrupt} does not end the wait: use {@link #poll} on an {@link EventFd} as well.
 *
 * <p>The class is one long table, in the order of the man pages' subjects. Each call has a holder class of its own, so
 * that a function is linked when it is first used.
 */
public final class Syscalls {
    private static final long INTS_2 = 2 * JAVA_INT.byteSize();
    private static final long POLLFD = pollfd.sizeof();
    private static final long STATX = Linux.ARCA_STATX_SIZE();
    private static final long RLIMIT = rlimit.sizeof();

    private Syscalls() {}

    // Pipes: pipe2(2), splice(2), tee(2), vmsplice(2).

    /**
     * Creates a pipe: pipe2(2).
     *
     * @param pipefd 8 bytes of native memory that receive two ints: the read end, then the write end. The caller owns
     *     both
     * @param flags {@code O_CLOEXEC}, {@code O_NONBLOCK} (for both ends), {@code O_DIRECT}
     * @return 0, or {@code -errno}
     */
    public static int pipe2(MemorySegment pipefd, int flags) {
        return (int) Pipe2.CALL.call(sized(pipefd, INTS_2).address(), flags, 0, pipefd);
    }

    private static final class Pipe2 {
        static final Downcall CALL = Downcall.ofInt("pipe2");
    }

    /**
     * Moves bytes between a pipe and another descriptor without copying them: splice(2). Files are read and written at
     * their own offsets. {@code SPLICE_F_NONBLOCK} applies to the pipe only; a socket needs O_NONBLOCK itself.
     *
     * <p>EINTR occurs while the call waits for the pipe or the socket. splice(2) does not say so; Linux 6.18 does it.
     *
     * @param in the descriptor to take bytes from
     * @param out the descriptor to write them to; at least one of the two must be a pipe
     * @param count the most bytes to move; a smaller result does not mean that {@code in} is empty
     * @param flags {@code SPLICE_F_*}
     * @return the number of bytes moved; 0 at the end of {@code in}, and before urgent data of a socket; or
     *     {@code -errno}. EAGAIN means that {@code in} is empty or that {@code out} is full; it does not say which
     */
    public static long splice(int in, int out, long count, int flags) {
        return Splice.CALL.retry(in, 0, out, 0, count, flags, NULL);
    }

    private static final class Splice {
        static final Downcall CALL = Downcall.ofLong("splice");
    }

    /**
     * Copies bytes from one pipe to another and leaves them in the first: tee(2).
     *
     * <p>EINTR occurs while the call waits for either pipe. tee(2) does not say so; Linux 6.18 does it.
     *
     * @param in the pipe to read
     * @param out the pipe to write
     * @param count the most bytes to copy
     * @param flags {@code SPLICE_F_*}
     * @return the number of bytes copied, 0 at the end of {@code in}, or {@code -errno}
     */
    public static long tee(int in, int out, long count, int flags) {
        return Tee.CALL.retry(in, out, count, flags, 0, 0, NULL);
    }

    private static final class Tee {
        static final Downcall CALL = Downcall.ofLong("tee");
    }

    /**
     * Maps the pages of one buffer into a pipe, or copies from a pipe into the buffer: vmsplice(2). After a mapping
     * the pipe refers to the memory itself: the caller must keep it allocated and unchanged until the reader has read
     * the bytes.
     *
     * <p>EINTR occurs while the call waits for the pipe. vmsplice(2) does not say so; Linux 6.18 does it.
     *
     * @param pipe a pipe's write end; or its read end, and then the kernel writes to {@code buffer}
     * @param buffer native memory; its own size is the count
     * @param flags {@code SPLICE_F_*}
     * @return the number of bytes moved, or {@code -errno}
     */
    public static long vmsplice(int pipe, MemorySegment buffer, int flags) {
        MemorySegment vector = Linkage.callState().argument;
        iovec.iov_base(vector, writable(buffer));
        iovec.iov_len(vector, buffer.byteSize());
        return Vmsplice.CALL.retry(pipe, vector.address(), 1, flags, 0, 0, buffer);
    }

    private static final class Vmsplice {
        static final Downcall CALL = Downcall.ofLong("vmsplice");
    }

    // Bytes: read(2), write(2), recv(2), send(2).

    /**
     * Reads into a whole buffer: read(2). EINTR occurs while the call waits for data.
     *
     * @param fd the descriptor to read
     * @param buffer native memory; its own size is the count
     * @return the number of bytes read, 0 at the end, or {@code -errno}
     */
    public static long read(int fd, MemorySegment buffer) {
        return read(fd, buffer, 0, buffer.byteSize());
    }

    /**
     * Reads into a part of a buffer: read(2). EINTR occurs while the call waits for data.
     *
     * @param fd the descriptor to read
     * @param buffer native memory
     * @param offset where the part begins, in bytes
     * @param length the part's size in bytes: the count
     * @return the number of bytes read, 0 at the end, or {@code -errno}
     * @throws IndexOutOfBoundsException if the part is not within the buffer
     */
    public static long read(int fd, MemorySegment buffer, long offset, long length) {
        return Read.CALL.retry(fd, part(writable(buffer), offset, length), length, buffer);
    }

    private static final class Read {
        static final Downcall CALL = Downcall.ofLong("read");
    }

    /**
     * Reads from a given place of a file into a whole buffer: pread(2). The file's own offset does not change. EINTR
     * occurs only if the file system answers it, as one in user space may: read(2).
     *
     * @param fd a descriptor of a file that can be read from any place
     * @param buffer native memory; its own size is the count
     * @param offset where to read in the file, in bytes from its start
     * @return the number of bytes read, 0 at the end, or {@code -errno}
     */
    public static long pread(int fd, MemorySegment buffer, long offset) {
        return Pread.CALL.retry(fd, writable(buffer).address(), buffer.byteSize(), offset, 0, 0, buffer);
    }

    private static final class Pread {
        static final Downcall CALL = Downcall.ofLong("pread");
    }

    /**
     * Writes a whole buffer: write(2). If a pipe or socket has no reader left, the result is {@code -EPIPE}; the JVM
     * ignores SIGPIPE. EINTR occurs while the call waits for room.
     *
     * @param fd the descriptor to write
     * @param buffer native memory; its own size is the count
     * @return the number of bytes written, perhaps fewer than asked, or {@code -errno}
     */
    public static long write(int fd, MemorySegment buffer) {
        return write(fd, buffer, 0, buffer.byteSize());
    }

    /**
     * Writes a part of a buffer, as {@link #write(int, MemorySegment)} does.
     *
     * @param fd the descriptor to write
     * @param buffer native memory
     * @param offset where the part begins, in bytes
     * @param length the part's size in bytes: the count
     * @return the number of bytes written, perhaps fewer than asked, or {@code -errno}
     * @throws IndexOutOfBoundsException if the part is not within the buffer
     */
    public static long write(int fd, MemorySegment buffer, long offset, long length) {
        return Write.CALL.retry(fd, part(buffer, offset, length), length, buffer);
    }

    private static final class Write {
        static final Downcall CALL = Downcall.ofLong("write");
    }

    /**
     * Receives into a whole buffer: recv(2). EINTR occurs while the call waits for data.
     *
     * @param socket the socket to read
     * @param buffer native memory; its own size is the count
     * @param flags {@code MSG_*}
     * @return the number of bytes received (with MSG_TRUNC perhaps more than fit), 0 at the end, or {@code -errno}
     */
    public static long recv(int socket, MemorySegment buffer, int flags) {
        return recv(socket, buffer, 0, buffer.byteSize(), flags);
    }

    /**
     * Receives into a part of a buffer: recv(2). EINTR occurs while the call waits for data.
     *
     * @param socket the socket to read
     * @param buffer native memory
     * @param offset where the part begins, in bytes
     * @param length the part's size in bytes: the count
     * @param flags {@code MSG_*}
     * @return the number of bytes received (with MSG_TRUNC perhaps more than fit), 0 at the end, or {@code -errno}
     * @throws IndexOutOfBoundsException if the part is not within the buffer
     */
    public static long recv(int socket, MemorySegment buffer, long offset, long length, int flags) {
        return Recv.CALL.retry(socket, part(writable(buffer), offset, length), length, flags, 0, 0, buffer);
    }

    private static final class Recv {
        static final Downcall CALL = Downcall.ofLong("recv");
    }

    /**
     * Sends a whole buffer: send(2). EINTR occurs while the call waits for room.
     *
     * @param socket the socket to write
     * @param buffer native memory; its own size is the count
     * @param flags {@code MSG_*}
     * @return the number of bytes that the kernel took, perhaps fewer than asked, or {@code -errno}
     */
    public static long send(int socket, MemorySegment buffer, int flags) {
        return send(socket, buffer, 0, buffer.byteSize(), flags);
    }

    /**
     * Sends a part of a buffer: send(2). EINTR occurs while the call waits for room.
     *
     * @param socket the socket to write
     * @param buffer native memory
     * @param offset where the part begins, in bytes
     * @param length the part's size in bytes: the count
     * @param flags {@code MSG_*}
     * @return the number of bytes that the kernel took, perhaps fewer than asked, or {@code -errno}
     * @throws IndexOutOfBoundsException if the part is not within the buffer
     */
    public static long send(int socket, MemorySegment buffer, long offset, long length, int flags) {
        return Send.CALL.retry(socket, part(buffer, offset, length), length, flags, 0, 0, buffer);
    }

    private static final class Send {
        static final Downcall CALL = Downcall.ofLong("send");
    }

    /**
     * Sends a message: sendmsg(2). EINTR occurs while the call waits for room. Not public: nothing checks the
     * addresses in a msghdr. {@link ScmRights} fills it in.
     */
    static long sendmsg(int socket, MemorySegment msghdr, int flags) {
        return Sendmsg.CALL.retry(socket, msghdr.address(), flags, msghdr);
    }

    private static final class Sendmsg {
        static final Downcall CALL = Downcall.ofLong("sendmsg");
    }

    /**
     * Receives a message: recvmsg(2). EINTR occurs while the call waits for data. Not public: nothing checks the
     * addresses in a msghdr. {@link ScmRights} fills it in.
     */
    static long recvmsg(int socket, MemorySegment msghdr, int flags) {
        return Recvmsg.CALL.retry(socket, msghdr.address(), flags, msghdr);
    }

    private static final class Recvmsg {
        static final Downcall CALL = Downcall.ofLong("recvmsg");
    }

    // Readiness: poll(2), epoll(7), eventfd(2).

    /**
     * Waits until one of several descriptors is ready: poll(2). Returns {@code -EINTR} when a signal interrupts the
     * wait, so that the caller can compute its timeout again.
     *
     * @param fds native array of struct pollfd ({@link arca.bindings.Poll}); its own size is the count
     * @param timeout milliseconds; 0 does not wait, -1 waits without a limit
     * @return the number of entries with events, 0 when the time is over, or {@code -errno}
     */
    public static int poll(MemorySegment fds, int timeout) {
        return (int) Poll.CALL.call(writable(fds).address(), entries(fds, POLLFD), timeout, fds);
    }

    private static final class Poll {
        static final Downcall CALL = Downcall.ofInt("poll");
    }

    /**
     * Creates an epoll instance: epoll_create1(2).
     *
     * @param flags {@code EPOLL_CLOEXEC} or 0
     * @return a new descriptor, which the caller owns, or {@code -errno}
     */
    public static int epoll_create1(int flags) {
        return (int) EpollCreate1.CALL.call(flags, 0, 0);
    }

    private static final class EpollCreate1 {
        static final Downcall CALL = Downcall.ofInt("epoll_create1");
    }

    /**
     * Starts, changes or stops watching a descriptor: epoll_ctl(2).
     *
     * @param epfd the epoll instance
     * @param op {@code EPOLL_CTL_ADD}, {@code EPOLL_CTL_MOD} or {@code EPOLL_CTL_DEL}
     * @param fd the descriptor to watch
     * @param events {@code EPOLL*}; EPOLL_CTL_DEL ignores it
     * @param token the data of the descriptor's events. Do not use the descriptor's number: the kernel reuses numbers
     * @return 0, or {@code -errno}
     */
    public static int epoll_ctl(int epfd, int op, int fd, int events, long token) {
        MemorySegment event = Epoll.event(Linkage.callState().argument, events, token);
        return (int) EpollCtl.CALL.call(epfd, op, fd, event.address(), 0, 0, event);
    }

    private static final class EpollCtl {
        static final Downcall CALL = Downcall.ofInt("epoll_ctl");
    }

    /**
     * Waits for events of an epoll instance: epoll_wait(2). Returns {@code -EINTR} when a signal interrupts the wait,
     * so that the caller can compute its timeout again.
     *
     * @param epfd the epoll instance
     * @param events native array of struct epoll_event ({@link Epoll}); its own size is the most events
     * @param timeout milliseconds; 0 does not wait, -1 waits without a limit
     * @return the number of events stored, 0 when the time is over, or {@code -errno}
     */
    public static int epoll_wait(int epfd, MemorySegment events, int timeout) {
        int most = entries(writable(events), Epoll.EVENT_SIZE);
        return (int) EpollWait.CALL.call(epfd, events.address(), most, timeout, 0, 0, events);
    }

    private static final class EpollWait {
        static final Downcall CALL = Downcall.ofInt("epoll_wait");
    }

    /**
     * Creates a counter that a thread can wait for: eventfd(2).
     *
     * @param initial the counter's first value, unsigned
     * @param flags {@code EFD_*}
     * @return a new descriptor, which the caller owns, or {@code -errno}
     */
    public static int eventfd(int initial, int flags) {
        return (int) Eventfd.CALL.call(initial, flags, 0);
    }

    private static final class Eventfd {
        static final Downcall CALL = Downcall.ofInt("eventfd");
    }

    // Sockets: socket(2) and the pages that it names.

    /**
     * Creates a socket: socket(2).
     *
     * @param domain {@code AF_*}
     * @param type {@code SOCK_*}, with SOCK_CLOEXEC and SOCK_NONBLOCK as flags
     * @param protocol 0 for the domain's own
     * @return a new descriptor, which the caller owns, or {@code -errno}
     */
    public static int socket(int domain, int type, int protocol) {
        return (int) Socket.CALL.call(domain, type, protocol);
    }

    private static final class Socket {
        static final Downcall CALL = Downcall.ofInt("socket");
    }

    /**
     * Creates two sockets that are connected to each other: socketpair(2).
     *
     * @param domain {@code AF_UNIX}
     * @param type {@code SOCK_*}, with SOCK_CLOEXEC and SOCK_NONBLOCK as flags
     * @param protocol 0
     * @param sv 8 bytes of native memory that receive the two descriptors, two ints. The caller owns both
     * @return 0, or {@code -errno}
     */
    public static int socketpair(int domain, int type, int protocol, MemorySegment sv) {
        return (int)
                Socketpair.CALL.call(domain, type, protocol, sized(sv, INTS_2).address(), 0, 0, sv);
    }

    private static final class Socketpair {
        static final Downcall CALL = Downcall.ofInt("socketpair");
    }

    /**
     * Binds a socket to an address: bind(2).
     *
     * @param socket the socket
     * @param address a native sockaddr ({@link SocketAddress#toSockaddr}); its own size is its length
     * @return 0, or {@code -errno}
     */
    public static int bind(int socket, MemorySegment address) {
        return (int) Bind.CALL.call(socket, address.address(), address.byteSize(), address);
    }

    private static final class Bind {
        static final Downcall CALL = Downcall.ofInt("bind");
    }

    /**
     * Makes a socket listen for connections: listen(2).
     *
     * @param socket a bound stream socket
     * @param backlog how many established connections may wait; the kernel's limit is net.core.somaxconn
     * @return 0, or {@code -errno}
     */
    public static int listen(int socket, int backlog) {
        return (int) Listen.CALL.call(socket, backlog, 0);
    }

    private static final class Listen {
        static final Downcall CALL = Downcall.ofInt("listen");
    }

    /**
     * Accepts a connection, without its address: accept4(2). {@link #getpeername} returns the address. EINTR occurs
     * while the call waits for a connection.
     *
     * @param socket a listening socket
     * @param flags {@code SOCK_CLOEXEC}, {@code SOCK_NONBLOCK}
     * @return a new descriptor, which the caller owns, or {@code -errno}
     */
    public static int accept4(int socket, int flags) {
        return (int) Accept4.CALL.retry(socket, 0, 0, flags, 0, 0, NULL);
    }

    private static final class Accept4 {
        static final Downcall CALL = Downcall.ofInt("accept4");
    }

    /**
     * Connects a socket: connect(2). Returns {@code -EINTR} when a signal interrupts the wait: the handshake then
     * continues, and a second call would fail with EALREADY.
     *
     * @param socket the socket to connect
     * @param address a native sockaddr ({@link SocketAddress#toSockaddr}); its own size is its length
     * @return 0, or {@code -errno}: for a non-blocking socket EINPROGRESS (EAGAIN for a Unix socket)
     */
    public static int connect(int socket, MemorySegment address) {
        return (int) Connect.CALL.call(socket, address.address(), address.byteSize(), address);
    }

    private static final class Connect {
        static final Downcall CALL = Downcall.ofInt("connect");
    }

    /**
     * Ends one or both directions of a connection: shutdown(2).
     *
     * @param socket a connected socket
     * @param how {@code SHUT_RD}, {@code SHUT_WR} or {@code SHUT_RDWR}
     * @return 0, or {@code -errno}
     */
    public static int shutdown(int socket, int how) {
        return (int) Shutdown.CALL.call(socket, how, 0);
    }

    private static final class Shutdown {
        static final Downcall CALL = Downcall.ofInt("shutdown");
    }

    /**
     * Returns the address that a socket is bound to: getsockname(2).
     *
     * @param socket a socket
     * @param address native memory that receives the sockaddr, truncated if it is too small
     * @return the address's real length in bytes, or {@code -errno}
     */
    public static int getsockname(int socket, MemorySegment address) {
        return name(Getsockname.CALL, socket, address);
    }

    private static final class Getsockname {
        static final Downcall CALL = Downcall.ofInt("getsockname");
    }

    /**
     * Returns the address that a socket is connected to: getpeername(2).
     *
     * @param socket a connected socket
     * @param address native memory that receives the sockaddr, truncated if it is too small
     * @return the address's real length in bytes, or {@code -errno}
     */
    public static int getpeername(int socket, MemorySegment address) {
        return name(Getpeername.CALL, socket, address);
    }

    private static final class Getpeername {
        static final Downcall CALL = Downcall.ofInt("getpeername");
    }

    private static int name(Downcall call, int socket, MemorySegment address) {
        MemorySegment length = length(writable(address));
        int n = (int) call.call(socket, address.address(), length.address(), address);
        return n < 0 ? n : length.get(JAVA_INT, 0);
    }

    /**
     * Reads an option whose value is a struct, such as SO_PEERCRED: getsockopt(2).
     *
     * @param socket a socket
     * @param level {@code SOL_SOCKET}, {@code IPPROTO_*}
     * @param option {@code SO_*}, {@code TCP_*}
     * @param value native memory that receives the value
     * @return the value's length in bytes, or {@code -errno}
     */
    public static int getsockopt(int socket, int level, int option, MemorySegment value) {
        MemorySegment length = length(writable(value));
        int n = (int) Getsockopt.CALL.call(socket, level, option, value.address(), length.address(), 0, value);
        return n < 0 ? n : length.get(JAVA_INT, 0);
    }

    private static final class Getsockopt {
        static final Downcall CALL = Downcall.ofInt("getsockopt");
    }

    /**
     * Reads an option whose value is an int that is never negative, such as SO_ERROR, or a new descriptor, such as
     * SO_PEERPIDFD: getsockopt(2).
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
     * Sets an option whose value is a struct, such as SO_LINGER: setsockopt(2).
     *
     * @param socket a socket
     * @param level {@code SOL_SOCKET}, {@code IPPROTO_*}
     * @param option {@code SO_*}, {@code TCP_*}
     * @param value native memory; its own size is the length
     * @return 0, or {@code -errno}
     */
    public static int setsockopt(int socket, int level, int option, MemorySegment value) {
        return (int) Setsockopt.CALL.call(socket, level, option, value.address(), value.byteSize(), 0, value);
    }

    private static final class Setsockopt {
        static final Downcall CALL = Downcall.ofInt("setsockopt");
    }

    /**
     * Sets an option whose value is an int: setsockopt(2).
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
     * Opens a file: open(2). EINTR occurs while the call waits, as for the other end of a FIFO.
     *
     * @param path a native C string: its last byte must be 0
     * @param flags {@code O_*}
     * @param mode permissions of a file that O_CREAT creates; the umask removes some
     * @return a new descriptor, which the caller owns, or {@code -errno}
     */
    public static int open(MemorySegment path, int flags, int mode) {
        return (int) Open.CALL.retry(terminated(path).address(), flags, mode, path);
    }

    private static final class Open {
        static final Downcall CALL = Downcall.ofInt("open", firstVariadicArg(2));
    }

    /**
     * Closes a descriptor: close(2). Makes the call once, even after EINTR: the kernel has freed the number, whatever
     * the result.
     *
     * @param fd the descriptor to close; {@link Fd#close} is the safer way
     * @return 0, or {@code -errno}
     */
    public static int close(int fd) {
        return (int) Close.CALL.call(fd, 0, 0);
    }

    private static final class Close {
        static final Downcall CALL = Downcall.ofInt("close");
    }

    /**
     * Runs a command whose argument is an int, on a descriptor: fcntl(2). The commands are F_GETFD, F_SETFD, F_GETFL,
     * F_SETFL, F_GETPIPE_SZ and F_SETPIPE_SZ.
     *
     * @param fd the descriptor
     * @param command one of those
     * @param argument flags or bytes; the commands that get a value ignore it
     * @return the command's result, or {@code -errno}
     * @throws IllegalArgumentException for any other command: its argument might be an address
     */
    public static int fcntl(int fd, int command, int argument) {
        return (int) Fcntl.CALL.call(fd, intCommand(command), argument);
    }

    private static final class Fcntl {
        static final Downcall CALL = Downcall.ofInt("fcntl", firstVariadicArg(2));
    }

    /**
     * Makes a request that stores one int, FIONREAD or SIOCOUTQ: ioctl(2).
     *
     * @param fd the descriptor
     * @param request one of the two
     * @return the int, a number of bytes, or {@code -errno}
     * @throws IllegalArgumentException for any other request: it might store more
     */
    public static int ioctl(int fd, int request) {
        MemorySegment value = Linkage.callState().integer;
        int n = (int) Ioctl.CALL.call(fd, intRequest(request), value.address());
        return n < 0 ? n : value.get(JAVA_INT, 0);
    }

    private static final class Ioctl {
        static final Downcall CALL = Downcall.ofInt("ioctl", firstVariadicArg(2));
    }

    /**
     * Removes a name of a file: unlink(2).
     *
     * @param path a native C string: its last byte must be 0
     * @return 0, or {@code -errno}
     */
    public static int unlink(MemorySegment path) {
        return (int) Unlink.CALL.call(terminated(path).address(), 0, 0, path);
    }

    private static final class Unlink {
        static final Downcall CALL = Downcall.ofInt("unlink");
    }

    /**
     * Sets the permissions of an open file: fchmod(2). On a socket that is not bound yet it sets the permissions that
     * bind(2) will give the socket file; the umask removes some.
     *
     * @param fd the descriptor
     * @param mode permissions
     * @return 0, or {@code -errno}
     */
    public static int fchmod(int fd, int mode) {
        return (int) Fchmod.CALL.call(fd, mode, 0);
    }

    private static final class Fchmod {
        static final Downcall CALL = Downcall.ofInt("fchmod");
    }

    /**
     * Returns what the kernel knows about a file: statx(2) with STATX_BASIC_STATS. {@link FileStatus} reads the result.
     *
     * @param directory where a relative path begins, or the file itself with AT_EMPTY_PATH; or {@code AT_FDCWD}
     * @param path a native C string: its last byte must be 0
     * @param flags {@code AT_*}
     * @param statx 256 bytes that receive the result
     * @return 0, or {@code -errno}
     */
    public static int statx(int directory, MemorySegment path, int flags, MemorySegment statx) {
        MemorySegment string = terminated(path);
        sized(statx, STATX);
        int n = Statx.call(directory, string, flags);
        if (n >= 0) MemorySegment.copy(Linkage.callState().statx, 0, statx, 0, STATX);
        return n;
    }

    /**
     * Returns the inode number of an open file, by statx(2). For a pipe it is the number in {@code pipe:[…]} of
     * proc(5). The call takes no lock of the pipe, so it never waits for a process that holds one.
     *
     * @param fd the descriptor
     * @return the number, or {@code -errno}
     */
    public static long inode(int fd) {
        int n = Statx.call(fd, Statx.NO_PATH, Constants.AT_EMPTY_PATH);
        return n < 0 ? n : Linkage.callState().statx.get(JAVA_LONG, Linux.ARCA_STATX_INO());
    }

    private static final class Statx {
        static final Downcall CALL = Downcall.ofInt("statx");
        static final MemorySegment NO_PATH = Arena.global().allocate(1); // the empty string

        /** Stores the result in memory of this thread: a call holds one segment of the caller's, here the path. */
        static int call(int directory, MemorySegment path, int flags) {
            long statx = Linkage.callState().statx.address();
            return (int) CALL.call(directory, path.address(), flags, Constants.STATX_BASIC_STATS, statx, 0, path);
        }
    }

    /**
     * Locks or unlocks an open file: flock(2). EINTR occurs while the call waits for the lock.
     *
     * @param fd an open file
     * @param operation {@code LOCK_*}
     * @return 0, or {@code -errno}
     */
    public static int flock(int fd, int operation) {
        return (int) Flock.CALL.retry(fd, operation, 0);
    }

    private static final class Flock {
        static final Downcall CALL = Downcall.ofInt("flock");
    }

    // Processes: getpid(2), geteuid(2), getegid(2), gettid(2), getrlimit(2), prctl(2), pidfd_open(2),
    // pidfd_send_signal(2).

    /**
     * Returns the id of this process: getpid(2).
     *
     * @return the process id
     */
    public static int getpid() {
        return (int) Getpid.CALL.call(0, 0, 0);
    }

    private static final class Getpid {
        static final Downcall CALL = Downcall.ofInt("getpid");
    }

    /**
     * Returns the effective user id of this process: geteuid(2). The kernel checks the process's rights by it.
     *
     * @return the user id, unsigned
     */
    public static int geteuid() {
        try {
            return (int) Geteuid.HANDLE.invokeExact();
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Geteuid {
        // Not a Downcall: the call never fails, and an id of 2^31 or more looks negative.
        static final MethodHandle HANDLE = Linkage.plain("geteuid", FunctionDescriptor.of(JAVA_INT));
    }

    /**
     * Returns the effective group id of this process: getegid(2).
     *
     * @return the group id, unsigned
     */
    public static int getegid() {
        try {
            return (int) Getegid.HANDLE.invokeExact();
        } catch (Throwable e) {
            throw Linkage.unexpected(e);
        }
    }

    private static final class Getegid {
        static final MethodHandle HANDLE = Linkage.plain("getegid", FunctionDescriptor.of(JAVA_INT));
    }

    /**
     * Returns the id of the calling thread, as in /proc/self/task: gettid(2).
     *
     * @return the thread id
     */
    public static int gettid() {
        return (int) Gettid.CALL.call(0, 0, 0);
    }

    private static final class Gettid {
        static final Downcall CALL = Downcall.ofInt("gettid");
    }

    /**
     * Returns a limit of this process: getrlimit(2).
     *
     * @param resource {@code RLIMIT_*}
     * @param rlimit 16 bytes of native memory that receive two unsigned longs: the soft limit, then the hard limit
     * @return 0, or {@code -errno}
     */
    public static int getrlimit(int resource, MemorySegment rlimit) {
        return (int) Getrlimit.CALL.call(resource, sized(rlimit, RLIMIT).address(), 0, rlimit);
    }

    private static final class Getrlimit {
        static final Downcall CALL = Downcall.ofInt("getrlimit");
    }

    /**
     * Sets an attribute of this process whose value is one number, PR_SET_DUMPABLE or PR_SET_CHILD_SUBREAPER: prctl(2).
     *
     * @param option one of the two
     * @param argument its value
     * @return 0, or {@code -errno}
     * @throws IllegalArgumentException for any other option: its argument might be an address
     */
    public static int prctl(int option, long argument) {
        return (int) Prctl.CALL.call(numberOption(option), argument, 0);
    }

    private static final class Prctl {
        static final Downcall CALL = Downcall.ofInt("prctl", firstVariadicArg(1));
    }

    /**
     * Returns a descriptor that refers to a process: pidfd_open(2). It never refers to another process that gets the
     * same id later.
     *
     * @param pid a process id
     * @param flags 0
     * @return a new descriptor, which the caller owns, or {@code -errno}; ENOSYS if glibc is older than 2.36
     */
    public static int pidfd_open(int pid, int flags) {
        return (int) PidfdOpen.CALL.call(pid, flags, 0);
    }

    private static final class PidfdOpen {
        static final Downcall CALL = Downcall.ofInt("pidfd_open");
    }

    /**
     * Sends a signal to a process, as kill(2) does: pidfd_send_signal(2).
     *
     * @param pidfd a descriptor from {@link #pidfd_open} or SO_PEERPIDFD
     * @param signal {@code SIG*}, or 0 to check whether the process exists and may be signalled
     * @return 0, or {@code -errno}; ENOSYS if glibc is older than 2.36
     */
    public static int pidfd_send_signal(int pidfd, int signal) {
        return (int) PidfdSendSignal.CALL.call(pidfd, signal, 0, 0, 0, 0, NULL);
    }

    private static final class PidfdSendSignal {
        static final Downcall CALL = Downcall.ofInt("pidfd_send_signal");
    }

    // Checks that keep the kernel within the caller's memory.

    /** Returns {@code memory} if the kernel may write {@code size} bytes to it. */
    private static MemorySegment sized(MemorySegment memory, long size) {
        if (memory.byteSize() < size) {
            throw new IllegalArgumentException("needs " + size + " bytes, has " + memory.byteSize());
        }
        return writable(memory);
    }

    /** Returns the address of a part of {@code memory}. The call must hold {@code memory}, which checks the rest. */
    private static long part(MemorySegment memory, long offset, long length) {
        Objects.checkFromIndexSize(offset, length, memory.byteSize());
        return memory.address() + offset;
    }

    /** Returns {@code memory} unless it is read-only, which the kernel could not know. */
    private static MemorySegment writable(MemorySegment memory) {
        if (memory.isReadOnly()) throw new IllegalArgumentException("the kernel writes here: the segment is read-only");
        return memory;
    }

    /** Returns the number of array elements in {@code memory}. It fits nfds_t (a long) and int. */
    private static int entries(MemorySegment memory, long size) {
        long entries = memory.byteSize() / size;
        if (entries * size != memory.byteSize() || entries > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    memory.byteSize() + " bytes are not an array of elements of " + size + " bytes");
        }
        return (int) entries;
    }

    /** Returns {@code string} if it ends with a 0 byte. */
    private static MemorySegment terminated(MemorySegment string) {
        long size = string.byteSize();
        if (size == 0 || string.get(JAVA_BYTE, size - 1) != 0) {
            throw new IllegalArgumentException("a C string must end with a 0 byte");
        }
        return string;
    }

    /** Returns a socklen_t of this thread that holds the size of {@code memory}. */
    private static MemorySegment length(MemorySegment memory) {
        MemorySegment length = Linkage.callState().length;
        length.set(JAVA_INT, 0, (int) Math.min(memory.byteSize(), Integer.MAX_VALUE));
        return length;
    }

    private static int intCommand(int command) {
        return switch (command) {
            case Constants.F_GETFD,
                    Constants.F_SETFD,
                    Constants.F_GETFL,
                    Constants.F_SETFL,
                    Constants.F_GETPIPE_SZ,
                    Constants.F_SETPIPE_SZ -> command;
            default ->
                throw new IllegalArgumentException("fcntl: " + command + " is not a command with an int argument");
        };
    }

    private static int numberOption(int option) {
        if (option == Constants.PR_SET_DUMPABLE || option == Linux.PR_SET_CHILD_SUBREAPER()) return option;
        throw new IllegalArgumentException("prctl: " + option + " is not an option with a number as its argument");
    }

    private static int intRequest(int request) {
        return switch (request) {
            case Constants.FIONREAD, Constants.SIOCOUTQ -> request;
            default -> throw new IllegalArgumentException("ioctl: " + request + " is not a request that stores an int");
        };
    }
}
