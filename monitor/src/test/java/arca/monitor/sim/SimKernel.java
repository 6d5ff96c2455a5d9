package arca.monitor.sim;

import static arca.bindings.Constants.AF_INET;
import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.FIONREAD;
import static arca.bindings.Constants.F_GETPIPE_SZ;
import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.F_SETPIPE_SZ;
import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.MSG_PEEK;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.SHUT_RD;
import static arca.bindings.Constants.SIOCOUTQ;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_ERROR;
import static arca.bindings.Constants.SO_OOBINLINE;
import static arca.bindings.Constants.TCP_NODELAY;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import arca.monitor.reactor.Kernel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * A kernel in one thread, with virtual time. To a guest's loop, it behaves as Linux was measured to behave, and it
 * returns every error that Linux may return; the seed decides when. Time passes during a call, and guests and peers act
 * meanwhile.
 *
 * <p>It also checks what the loop does. These are violations, and are reported at once: a descriptor that is used after
 * its close, a call that would sleep, a wait for an event that cannot come, and a turn without end.
 */
public final class SimKernel implements Kernel {
    /** Decides what happens to connects. */
    interface Network {
        /** Returns whether an address is one of this host. */
        default boolean isLocal(SocketAddress.Inet address) {
            return address.address().isLoopbackAddress();
        }

        /** Called when the kernel could not tell whether an address is one of this host. */
        default void notSaid(int port, int errno) {}

        /** Starts a handshake. Returns 0, or {@code -errno}. */
        int connect(SimTcp socket, SocketAddress.Inet address);
    }

    private static final int FIRST_FD = 3;
    private static final int FIRST_FREE_PORT = 32768;
    private static final int ALWAYS = EPOLLERR | EPOLLHUP;
    private static final int BATCH = 16; // slots that splice(2) sends to a socket at once
    private static final int PIECE = 1 << 15; // the most that one slot holds
    private static final int POLL_ON_STACK = 9; // entries for which poll(2) needs no memory: fs/select.c
    private static final int STOPPED_ONE_IN = 50;
    private static final int STOPPED_TIMES = 300;

    /** Sockets of different families may listen on ports of the same number. */
    private record Port(int family, int number) {
        static Port of(SocketAddress.Inet address) {
            return new Port(address.family(), address.port());
        }
    }

    private final World world;
    private final Faults faults;
    private final Network network;
    private final int descriptors; // RLIMIT_NOFILE
    private final long callNanos;
    private final Consumer<String> trace;

    private final Map<Integer, SimFile> table = new HashMap<>();
    private final TreeSet<Integer> freed = new TreeSet<>();
    private int next = FIRST_FD;
    private final Map<Port, SimTcp> listeners = new LinkedHashMap<>();
    private int nextPort = FIRST_FREE_PORT;
    private long progress;

    private final Directions directions = new Directions();
    private long spliceRefused = Long.MAX_VALUE; // from this time on

    SimKernel(World world, Faults faults, Network network, int descriptors, long callNanos, Consumer<String> trace) {
        this.world = world;
        this.faults = faults;
        this.network = network;
        this.descriptors = descriptors;
        this.callNanos = callNanos;
        this.trace = trace;
    }

    // For a history and its checks.

    /** Returns a new descriptor for a file. */
    int install(SimFile file) {
        Integer fd = freed.pollFirst();
        if (fd == null) fd = next++;
        table.put(fd, file);
        progress++;
        return fd;
    }

    public boolean isOpen(int fd) {
        return table.containsKey(fd);
    }

    /** Calls send(2) with one byte and MSG_OOB. Only peers do this, never a loop. */
    void sendUrgent(int fd) {
        SimTcp socket = tcp("send", fd);
        if (socket.mayNotSend() != 0) return;
        socket.send(new byte[1]);
        socket.urgent();
    }

    /** Makes splice(2) fail with EPERM from a time on, as a seccomp filter does. */
    void refuseSplice(long from) {
        spliceRefused = from;
    }

    boolean refusesSplice() {
        return spliceRefused <= world.now();
    }

    int openDescriptors() {
        return table.size();
    }

    SimTcp listener(SocketAddress.Inet address) {
        return listeners.get(Port.of(address));
    }

    Directions directions() {
        return directions;
    }

    /** Checks that what is open is within the limits of one guest. */
    void checkLimits(int connections, int listening, int connecting) {
        int[] open = new int[2];
        for (SimFile file : table.values()) {
            if (file instanceof SimTcp socket && !socket.isListening()) open[socket.isConnecting() ? 1 : 0]++;
        }
        if (open[0] > connections)
            throw violation("the guest has %d connections, its limit is %d", open[0], connections);
        if (open[1] > connecting)
            throw violation("the guest has %d handshakes in progress, its limit is %d", open[1], connecting);
        if (listeners.size() > listening)
            throw violation("the guest has %d listeners, its limit is %d", listeners.size(), listening);
    }

    private static Violation violation(String format, Object... arguments) {
        return new Violation(String.format(format, arguments));
    }

    // Every call.

    private void begin() {
        directions.called();
        if (callNanos == 0) return;
        boolean stopped = world.random.nextInt(STOPPED_ONE_IN) == 0; // as a garbage collector stops a thread
        world.elapse(world.random.nextLong(stopped ? STOPPED_TIMES * callNanos : callNanos));
    }

    private SimFile file(String call, int fd) {
        SimFile file = table.get(fd);
        if (file == null) throw violation("%s of descriptor %d, which is not open", call, fd);
        return file;
    }

    private <F extends SimFile> F file(String call, int fd, Class<F> type) {
        SimFile file = file(call, fd);
        if (!type.isInstance(file))
            throw violation("%s of descriptor %d, which is not a %s", call, fd, type.getSimpleName());
        return type.cast(file);
    }

    private SimTcp tcp(String call, int fd) {
        return file(call, fd, SimTcp.class);
    }

    private int ended(String call, Object what, int n) {
        if (trace != null) trace.accept(world.now() + " " + call + " " + what + " = " + n);
        return n;
    }

    private long ended(String call, Object what, long n) {
        return ended(call, what, (int) n);
    }

    private boolean hasRoom(int more) {
        return table.size() + more <= descriptors;
    }

    /** Returns {@code n}. Throws a violation if the call would have slept: no call of a loop may. */
    private long awake(String call, SimFile file, long n) {
        if (n == -Errno.EAGAIN && !file.nonBlocking)
            throw violation("%s would block: the descriptor is in blocking mode", call);
        return n;
    }

    private static void unlocked(String call, SimFile file) {
        if (file instanceof SimPipe.End end && end.pipe().locked) {
            throw new Wedged(call);
        }
    }

    // Sockets.

    @Override
    public int socket(int domain, int type) {
        begin();
        int n = faults.draw(Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM);
        if (n == 0 && !hasRoom(1)) n = -Errno.EMFILE;
        if (n == 0) {
            SimTcp socket = new SimTcp(world, domain);
            socket.nonBlocking = (type & SOCK_NONBLOCK) != 0;
            n = install(socket);
        }
        return ended("socket", "", n);
    }

    @Override
    public int bind(int fd, SocketAddress.Inet address) {
        begin();
        SimTcp socket = tcp("bind", fd);
        int n = otherFamily(socket, address);
        if (n == 0 && listeners.containsKey(Port.of(address))) n = -Errno.EADDRINUSE;
        if (n == 0) socket.local = address.port() != 0 ? address : withPort(address, nextPort++);
        return ended("bind", fd, n);
    }

    private static SocketAddress.Inet withPort(SocketAddress.Inet address, int port) {
        return switch (address) {
            case SocketAddress.IPv4 ipv4 -> new SocketAddress.IPv4(ipv4.address(), port);
            case SocketAddress.IPv6 ipv6 -> new SocketAddress.IPv6(ipv6.address(), port);
        };
    }

    /**
     * Returns the error of bind(2) and connect(2) for an address of the wrong family, or 0: net/ipv4/af_inet.c,
     * net/ipv6/af_inet6.c.
     */
    private static int otherFamily(SimTcp socket, SocketAddress.Inet address) {
        if (socket.family == address.family()) return 0;
        return socket.family == AF_INET ? -Errno.EAFNOSUPPORT : -Errno.EINVAL;
    }

    @Override
    public int isLocal(SocketAddress.Inet address) {
        begin();
        int n = faults.draw(Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM);
        if (n == 0 && !hasRoom(1)) n = -Errno.EMFILE;
        if (n < 0) network.notSaid(address.port(), -n);
        else if (network.isLocal(address)) n = 1;
        return ended("isLocal", address, n);
    }

    @Override
    public int listen(int fd, int backlog) {
        begin();
        SimTcp socket = tcp("listen", fd);
        int n = listeners.putIfAbsent(Port.of(socket.local), socket) == null ? 0 : -Errno.EADDRINUSE;
        if (n == 0) socket.listen();
        return ended("listen", fd, n);
    }

    @Override
    public int accept4(int fd) {
        begin();
        SimTcp listener = tcp("accept4", fd);
        int n = faults.draw(Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.ENOBUFS, Errno.ECONNABORTED);
        if (n == 0 && !hasRoom(1)) n = -Errno.EMFILE;
        if (n == -Errno.ECONNABORTED) {
            SimTcp aborted = listener.accept();
            if (aborted == null) n = -Errno.EAGAIN;
            else aborted.abort();
        } else if (n == 0) {
            SimTcp connection = listener.accept();
            if (connection == null) {
                n = (int) awake("accept4", listener, -Errno.EAGAIN);
            } else {
                connection.nonBlocking = true;
                connection.urgentInLine = listener.urgentInLine;
                n = install(connection);
            }
        }
        return ended("accept4", fd, n);
    }

    @Override
    public int connect(int fd, SocketAddress.Inet address) {
        begin();
        SimTcp socket = tcp("connect", fd);
        int n = faults.draw(Errno.EADDRNOTAVAIL, Errno.ENETUNREACH, Errno.ENOBUFS);
        if (n == 0) n = otherFamily(socket, address);
        if (n == 0) {
            socket.remote = address;
            socket.local = SimTcp.loopback(socket.family, nextPort++);
            socket.connecting();
            n = network.connect(socket, address);
        }
        if (n == 0) n = -Errno.EINPROGRESS;
        return ended("connect", fd, awakeConnect(socket, n));
    }

    private int awakeConnect(SimTcp socket, int n) {
        if (n == -Errno.EINPROGRESS && !socket.nonBlocking)
            throw violation("connect would block: the socket is in blocking mode");
        return n;
    }

    @Override
    public Optional<SocketAddress.Inet> getsockname(int fd) {
        begin();
        return Optional.of(tcp("getsockname", fd).local);
    }

    @Override
    public Optional<SocketAddress.Inet> getpeername(int fd) {
        begin();
        SimTcp socket = tcp("getpeername", fd);
        return socket.isConnected() ? Optional.of(socket.remote) : Optional.empty();
    }

    @Override
    public int getsockopt(int fd, int level, int option) {
        begin();
        SimTcp socket = tcp("getsockopt", fd);
        return ended("getsockopt", fd, level == SOL_SOCKET && option == SO_ERROR ? socket.takeError() : 0);
    }

    @Override
    public int setsockopt(int fd, int level, int option, int value) {
        begin();
        SimTcp socket = tcp("setsockopt", fd);
        if (level == SOL_SOCKET && option == SO_OOBINLINE) socket.urgentInLine = value != 0;
        if (level == IPPROTO_TCP && option == TCP_NODELAY) socket.push();
        return 0;
    }

    /** Sets SO_LINGER with 0 seconds: closing the last reference sends a reset, whatever is unread or unsent. */
    @Override
    public int resetOnClose(int fd) {
        begin();
        tcp("setsockopt", fd).resetOnClose();
        return 0;
    }

    @Override
    public int shutdown(int fd, int how) {
        begin();
        SimTcp socket = tcp("shutdown", fd);
        int n = socket.isConnected() ? 0 : -Errno.ENOTCONN;
        if (how == SHUT_RD) socket.shutdownRead();
        else socket.shutdownWrite();
        socket.wake(SimFile.ANY); // each time, whatever the result
        return ended("shutdown", fd, n);
    }

    // Pipes and descriptors.

    @Override
    public int pipe2(int[] ends) {
        begin();
        int n = faults.draw(Errno.EMFILE, Errno.ENFILE);
        if (n == 0 && !hasRoom(2)) n = -Errno.EMFILE;
        if (n == 0) {
            SimPipe pipe = new SimPipe();
            ends[0] = install(pipe.reader);
            ends[1] = install(pipe.writer);
        }
        return ended("pipe2", ends[0] + " " + ends[1], n);
    }

    @Override
    public int fcntl(int fd, int command, int argument) {
        begin();
        SimFile file = file("fcntl", fd);
        int n = 0;
        switch (command) {
            case F_SETFL -> file.nonBlocking = (argument & O_NONBLOCK) != 0;
            case F_GETPIPE_SZ, F_SETPIPE_SZ -> {
                unlocked("fcntl", file);
                SimPipe pipe = file("fcntl", fd, SimPipe.End.class).pipe();
                if (command == F_SETPIPE_SZ) n = faults.draw(Errno.EPERM, Errno.ENOMEM);
                if (n == 0) n = command == F_GETPIPE_SZ ? pipe.capacity() : pipe.resize(argument);
            }
            default -> throw violation("the simulation does not know fcntl command %d", command);
        }
        return ended("fcntl", fd, n);
    }

    @Override
    public int ioctl(int fd, int request) {
        begin();
        SimFile file = file("ioctl", fd);
        unlocked("ioctl", file);
        return ended(
                "ioctl",
                fd,
                switch (request) {
                    case SIOCOUTQ -> tcp("ioctl", fd).outq();
                    case FIONREAD ->
                        file instanceof SimPipe.End end
                                ? end.pipe().bytes()
                                : tcp("ioctl", fd).readable();
                    default -> throw violation("the simulation does not know ioctl request %d", request);
                });
    }

    @Override
    public int close(int fd) {
        begin();
        SimFile file = file("close", fd);
        unlocked("close", file);
        table.remove(fd);
        freed.add(fd);
        progress++;
        if (file instanceof SimTcp socket && socket.isListening()) listeners.remove(Port.of(socket.local));
        file.drop();
        if (!file.isOpen()) {
            directions.forget(file);
        }
        return ended("close", fd, faults.draw(Errno.EINTR));
    }

    // Bytes.

    @Override
    public long splice(int in, int out, long count) {
        begin();
        SimFile source = file("splice", in);
        SimFile sink = file("splice", out);
        unlocked("splice", source);
        unlocked("splice", sink);
        long n;
        if (refusesSplice()) n = -Errno.EPERM;
        else if (source instanceof SimTcp from && sink instanceof SimPipe.End to) n = splice(from, to, count);
        else if (source instanceof SimPipe.End from && sink instanceof SimTcp to) n = splice(from, to, count);
        else throw violation("splice from %s to %s", source, sink);
        directions.moved(source, sink, n);
        if (n > 0) progress++;
        return ended("splice", in + " " + out, n);
    }

    private long splice(SimTcp from, SimPipe.End end, long count) {
        SimPipe to = end.pipe();
        if (!to.reader.isOpen()) return -Errno.EPIPE;
        if (to.isFull()) return -Errno.EAGAIN;
        int fault = faults.draw(Errno.ENOMEM);
        if (fault != 0) return fault;
        // Never short for another reason: fs/splice.c and net/ipv4/tcp.c wait for nothing here.
        int most = (int) Math.min(count, (long) to.freeSlots() * SimPipe.PAGE);
        int n = 0;
        while (n < most && !to.isFull()) {
            byte[] piece = from.splicePiece(Math.min(PIECE, most - n));
            if (piece == null) break;
            to.add(piece);
            n += piece.length;
        }
        if (n == 0) return awake("splice", from, from.nothing());
        to.reader.wake(EPOLLIN);
        return n;
    }

    private long splice(SimPipe.End end, SimTcp to, long count) {
        SimPipe from = end.pipe();
        if (from.bytes() == 0) return from.writer.isOpen() ? -Errno.EAGAIN : 0;
        int n = mayNotSend(to);
        if (n != 0) return awake("splice", to, n);
        n = faults.shorten((int) Math.min(Math.min(count, from.bytes()), to.room()));
        // Whether more is in the pipe is asked before the slots of a batch are let go: a full one always finds some.
        boolean more = n < count && from.slots(n) % BATCH == 0;
        to.send(from.spliceOut(n), more);
        return n;
    }

    private int mayNotSend(SimTcp to) {
        int fault = faults.draw(Errno.ENOMEM, Errno.ENOBUFS);
        return fault != 0 ? fault : to.mayNotSend();
    }

    @Override
    public long read(int fd, MemorySegment to, long offset, long length) {
        begin();
        SimFile file = file("read", fd);
        unlocked("read", file);
        int most = (int) Math.min(length, to.byteSize() - offset);
        byte[] bytes;
        switch (file) {
            case SimEventFd eventfd -> {
                progress++;
                MemorySegment.copy(new long[] {eventfd.take()}, 0, to, ValueLayout.JAVA_LONG, offset, 1);
                return Long.BYTES;
            }
            case SimPipe.End end -> {
                bytes = end.pipe().read(most);
                if (bytes.length == 0) {
                    return ended(
                            "read", fd, awake("read", end, end.pipe().writer.isOpen() ? -Errno.EAGAIN : 0));
                }
            }
            case SimTcp socket -> {
                bytes = socket.receive(most);
                if (bytes == null) return ended("read", fd, awake("read", socket, socket.nothing()));
            }
            case SimUnix channel -> {
                bytes = channel.read(faults.shorten(most));
                if (bytes == null) return ended("read", fd, awake("read", channel, channel.end()));
            }
            default -> throw violation("read of %s", file);
        }
        progress++;
        return took("read", fd, file, bytes, to, offset);
    }

    private long took(String call, int fd, SimFile file, byte[] bytes, MemorySegment to, long offset) {
        directions.read(file);
        MemorySegment.copy(bytes, 0, to, ValueLayout.JAVA_BYTE, offset, bytes.length);
        return ended(call, fd, bytes.length);
    }

    @Override
    public long write(int fd, MemorySegment from, long offset, long length) {
        begin();
        SimFile file = file("write", fd);
        unlocked("write", file);
        byte[] bytes = from.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
        long n;
        switch (file) {
            case SimPipe.End end -> {
                n = end.pipe().reader.isOpen() && !end.pipe().isFull() ? faults.draw(Errno.ENOMEM) : 0;
                if (n == 0) n = end.pipe().write(bytes, faults.shorten(bytes.length));
                awake("write", end, n);
            }
            case SimTcp socket -> {
                n = mayNotSend(socket);
                if (n == 0) {
                    n = faults.shorten(Math.min(bytes.length, socket.room()));
                    socket.send(Arrays.copyOf(bytes, (int) n));
                }
                awake("write", socket, n);
            }
            default -> throw violation("write of %s", file);
        }
        directions.wrote(file, n);
        if (n > 0) progress++;
        return ended("write", fd, n);
    }

    @Override
    public long recv(int fd, MemorySegment to, long length, int flags) {
        begin();
        SimTcp socket = tcp("recv", fd);
        boolean peek = (flags & MSG_PEEK) != 0;
        byte[] bytes = peek ? socket.peek() : socket.receive((int) Math.min(length, to.byteSize()));
        if (bytes == null) return ended(peek ? "peek" : "recv", fd, socket.nothing());
        if (!peek) progress++;
        if (length == 1) return took(peek ? "peek" : "recv", fd, socket, bytes, to, 0);
        MemorySegment.copy(bytes, 0, to, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return ended("recv", fd, bytes.length); // these bytes are discarded: the next write does not write them
    }

    @Override
    public long sendmsg(int fd, MemorySegment frame, long length, int first, int second) {
        begin();
        SimUnix channel = file("sendmsg", fd, SimUnix.class);
        SimFile[] files = first < 0 ? new SimFile[0] : new SimFile[] {file("sendmsg", first), file("sendmsg", second)};
        long n = files.length == 0
                ? faults.draw(Errno.ENOMEM, Errno.ENOBUFS)
                : faults.draw(Errno.ENOMEM, Errno.ENOBUFS, Errno.ETOOMANYREFS);
        if (n == 0) n = channel.send(frame.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), files);
        if (n > 0) progress++;
        return ended("sendmsg", fd, awake("sendmsg", channel, n));
    }

    // Waits.

    @Override
    public int epoll_create1() {
        begin();
        int n = faults.draw(Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM);
        if (n == 0 && !hasRoom(1)) n = -Errno.EMFILE;
        return n == 0 ? install(new SimEpoll()) : n;
    }

    @Override
    public int epoll_ctl(int epfd, int op, int fd, int events, long token) {
        begin();
        SimEpoll epoll = file("epoll_ctl", epfd, SimEpoll.class);
        SimFile file = file("epoll_ctl", fd);
        int n = op == arca.bindings.Constants.EPOLL_CTL_ADD ? faults.draw(Errno.ENOSPC, Errno.ENOMEM) : 0;
        if (n == 0) n = epoll.control(op, fd, file, events, token);
        if (n == -Errno.ENOENT || n == -Errno.EEXIST) throw violation("epoll_ctl %d of %d: %d", op, fd, n);
        return ended("epoll_ctl " + op, fd, n);
    }

    @Override
    public int epoll_wait(int epfd, long[] tokens, int[] events, int timeoutMillis) {
        begin();
        SimEpoll epoll = file("epoll_wait", epfd, SimEpoll.class);
        int n = await(epoll::hasEvents, timeoutMillis, Errno.EINTR);
        if (n <= 0) return ended("epoll_wait", epfd, n);
        int most = faults.shorten(tokens.length);
        return ended("epoll_wait", epfd, epoll.take(world, tokens, events, most));
    }

    @Override
    public int poll(int[] fds, int[] events, int[] revents, int count, int timeoutMillis) {
        begin();
        for (int i = 0; i < count; i++) if (fds[i] >= 0) file("poll", fds[i]);
        if (count == 0) { // a sleep on purpose
            world.elapse(timeoutMillis * 1_000_000L);
            return 0;
        }
        if (trace != null) trace.accept("poll" + polls(fds, events, revents, count));
        int[] mayFail = count > POLL_ON_STACK ? new int[] {Errno.EINTR, Errno.ENOMEM} : new int[] {Errno.EINTR};
        int n = timeoutMillis == 0 ? 0 : await(() -> polled(fds, events, revents, count) > 0, timeoutMillis, mayFail);
        n = n < 0 ? n : polled(fds, events, revents, count);
        if (trace != null) trace.accept(polls(fds, events, revents, count));
        return ended("poll", timeoutMillis, n);
    }

    private static String polls(int[] fds, int[] events, int[] revents, int count) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < count; i++) {
            all.append(' ').append(fds[i]).append(':').append(Integer.toHexString(events[i]));
            all.append('/').append(Integer.toHexString(revents[i]));
        }
        return all.toString();
    }

    private int polled(int[] fds, int[] events, int[] revents, int count) {
        int n = 0;
        for (int i = 0; i < count; i++) {
            revents[i] = fds[i] < 0 ? 0 : table.get(fds[i]).events() & (events[i] | ALWAYS);
            if (revents[i] != 0) n++;
        }
        return n;
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds();
    }

    /** Waits. Returns 1 if there are events, 0 if the time is over, or {@code -errno}. */
    private int await(Condition events, int timeoutMillis, int... faultsOfWaits) {
        if (events.holds()) return 1;
        if (timeoutMillis == 0) return 0;
        int fault = faults.draw(faultsOfWaits);
        if (fault != 0) return fault;
        long until = timeoutMillis < 0 ? Long.MAX_VALUE : world.now() + timeoutMillis * 1_000_000L;
        directions.findStarved();
        while (world.next(until)) {
            if (events.holds()) return 1;
            directions.findStarved();
        }
        if (timeoutMillis < 0)
            throw violation("stalled: the loop waits without a timeout, and nothing more will happen");
        return 0;
    }

    @Override
    public long nanoTime() {
        return world.now();
    }

    @Override
    public long progress() {
        return progress;
    }

    /** Does nothing: the garbage collector frees everything. */
    @Override
    public void close() {}

    List<String> leftOpen() {
        List<String> left = new ArrayList<>();
        table.forEach((fd, file) -> left.add(fd + " " + file.getClass().getSimpleName()));
        return left;
    }
}
