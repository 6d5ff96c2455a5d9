package arca.monitor.reactor;

import static arca.bindings.Constants.EPOLL_CLOEXEC;
import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.Constants.MSG_PEEK;
import static arca.bindings.Constants.O_CLOEXEC;
import static arca.bindings.Constants.SOCK_CLOEXEC;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_LINGER;
import static arca.bindings.Constants.SPLICE_F_NONBLOCK;

import arca.bindings.Epoll;
import arca.bindings.Poll;
import arca.bindings.RouteLookup;
import arca.bindings.ScmRights;
import arca.bindings.SocketAddress;
import arca.bindings.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Calls Linux. The object owns the memory that the calls need, and only the thread that creates it may use it. */
public final class LinuxKernel implements Kernel {
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment address = arena.allocate(SocketAddress.MAX_SIZE, Integer.BYTES);
    private final MemorySegment noLinger = arena.allocateFrom(ValueLayout.JAVA_INT, 1, 0); // l_onoff, l_linger
    private final MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
    private final MemorySegment events = Epoll.events(arena, MAX_EVENTS);
    private final RouteLookup routes = new RouteLookup(arena);
    private final LastCall lastCall = new LastCall();
    private long progress;
    private ScmRights message; // created by the first send, as large as its caller's buffer
    private Arena pollArena;
    private Poll poll;
    private int pollSize;
    private MemorySegment[] firstEntries; // of the poll memory, by their count; created when first needed

    /** Allocates the memory; opens no descriptor. */
    public LinuxKernel() {}

    @Override
    public int socket(int domain, int type) {
        return opened(Syscalls.socket(domain, type | SOCK_CLOEXEC, 0));
    }

    @Override
    public int bind(int socket, SocketAddress.Inet to) {
        return Syscalls.bind(socket, sockaddr(to));
    }

    @Override
    public int listen(int socket, int backlog) {
        return Syscalls.listen(socket, backlog);
    }

    @Override
    public int accept4(int listener) {
        return opened(Syscalls.accept4(listener, SOCK_NONBLOCK | SOCK_CLOEXEC));
    }

    @Override
    public int connect(int socket, SocketAddress.Inet to) {
        return Syscalls.connect(socket, sockaddr(to));
    }

    @Override
    public int isLocal(SocketAddress.Inet to) {
        return routes.isLocal(to);
    }

    private MemorySegment sockaddr(SocketAddress.Inet to) {
        return to.toSockaddr(SegmentAllocator.prefixAllocator(address));
    }

    @Override
    public Optional<SocketAddress.Inet> getsockname(int socket) {
        return name(Syscalls.getsockname(socket, address));
    }

    @Override
    public Optional<SocketAddress.Inet> getpeername(int socket) {
        return name(Syscalls.getpeername(socket, address));
    }

    private Optional<SocketAddress.Inet> name(int size) {
        if (size < 0) return Optional.empty();
        return Optional.of((SocketAddress.Inet) SocketAddress.of(address.asSlice(0, size)));
    }

    @Override
    public int getsockopt(int socket, int level, int option) {
        return Syscalls.getsockopt(socket, level, option);
    }

    @Override
    public int setsockopt(int socket, int level, int option, int value) {
        return Syscalls.setsockopt(socket, level, option, value);
    }

    @Override
    public int resetOnClose(int socket) {
        return Syscalls.setsockopt(socket, SOL_SOCKET, SO_LINGER, noLinger);
    }

    @Override
    public int shutdown(int socket, int how) {
        return Syscalls.shutdown(socket, how);
    }

    @Override
    public int pipe2(int[] pipe) {
        int n = Syscalls.pipe2(ends, O_CLOEXEC);
        if (n == 0) {
            pipe[0] = ends.getAtIndex(ValueLayout.JAVA_INT, 0);
            pipe[1] = ends.getAtIndex(ValueLayout.JAVA_INT, 1);
        }
        return opened(n);
    }

    @Override
    public int fcntl(int fd, int command, int argument) {
        lastCall.begin(fd);
        return Syscalls.fcntl(fd, command, argument);
    }

    @Override
    public int ioctl(int fd, int request) {
        lastCall.begin(fd);
        return Syscalls.ioctl(fd, request);
    }

    @Override
    public int close(int fd) {
        lastCall.begin(fd);
        progress++;
        return Syscalls.close(fd);
    }

    /**
     * {@inheritDoc} fstat(2), which takes no lock, asks which pipe it is before the close: a close that waits has
     * already given up its descriptor.
     */
    @Override
    public int closePipe(int end) {
        lastCall.beginClose(Syscalls.inode(end));
        progress++;
        return Syscalls.close(end);
    }

    @Override
    public long splice(int in, int out, long count) {
        lastCall.begin(in, out);
        return moved(Syscalls.splice(in, out, count, SPLICE_F_NONBLOCK));
    }

    @Override
    public long read(int fd, MemorySegment to, long offset, long length) {
        lastCall.begin(fd);
        return moved(Syscalls.read(fd, to, offset, length));
    }

    @Override
    public long write(int fd, MemorySegment from, long offset, long length) {
        lastCall.begin(fd);
        return moved(Syscalls.write(fd, from, offset, length));
    }

    @Override
    public long recv(int socket, MemorySegment to, long length, int flags) {
        long n = Syscalls.recv(socket, to, 0, length, flags);
        return (flags & MSG_PEEK) != 0 ? n : moved(n);
    }

    @Override
    public long sendmsg(int socket, MemorySegment frame, long length, int first, int second) {
        if (message == null || message.bytes().byteSize() < length) message = new ScmRights(arena, frame.byteSize(), 2);
        MemorySegment.copy(frame, 0, message.bytes(), 0, length);
        if (first >= 0) {
            message.put(0, first);
            message.put(1, second);
        }
        return moved(message.send(socket, length, first >= 0 ? 2 : 0, MSG_NOSIGNAL));
    }

    @Override
    public int epoll_create1() {
        return opened(Syscalls.epoll_create1(EPOLL_CLOEXEC));
    }

    @Override
    public int epoll_ctl(int epfd, int op, int fd, int mask, long token) {
        return Syscalls.epoll_ctl(epfd, op, fd, mask, token);
    }

    @Override
    public int epoll_wait(int epfd, long[] tokens, int[] masks, int timeoutMillis) {
        int n = Syscalls.epoll_wait(epfd, events, timeoutMillis);
        for (int i = 0; i < n; i++) {
            tokens[i] = Epoll.token(events, i);
            masks[i] = Epoll.events(events, i);
        }
        return n;
    }

    @Override
    public int poll(int[] fds, int[] masks, int[] revents, int count, int timeoutMillis) {
        if (count > pollSize) growPoll(count);
        for (int i = 0; i < count; i++) poll.set(i, fds[i], masks[i]);
        if (firstEntries[count] == null) firstEntries[count] = poll.memory().asSlice(0, count * pollStride());
        int n = Syscalls.poll(firstEntries[count], timeoutMillis);
        for (int i = 0; i < count; i++) revents[i] = poll.revents(i);
        return n;
    }

    private void growPoll(int count) {
        if (pollArena != null) pollArena.close();
        pollArena = Arena.ofConfined();
        pollSize = Math.max(64, Integer.highestOneBit(count) << 1);
        poll = new Poll(pollArena, pollSize);
        firstEntries = new MemorySegment[pollSize + 1];
    }

    private long pollStride() {
        return poll.memory().byteSize() / pollSize;
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    private int opened(int n) {
        if (n >= 0) progress++;
        return n;
    }

    private long moved(long n) {
        if (n > 0) progress++;
        return n;
    }

    @Override
    public long progress() {
        return progress;
    }

    @Override
    public LastCall lastCall() {
        return lastCall;
    }

    @Override
    public void close() {
        if (pollArena != null) pollArena.close();
        arena.close();
    }
}
