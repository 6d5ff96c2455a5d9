package arca.monitor.sim;

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
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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

    private static final int STOPPED_ONE_IN = 50;
    private static final int STOPPED_TIMES = 300;

    private final World world;
    private final Faults faults;
    private final Network network;
    private final SimBytes bytes;
    private final long callNanos;
    private final Consumer<String> trace;

    private final SimDescriptors descriptors;
    private final SimPorts ports = new SimPorts();
    private long progress;

    private final Directions directions = new Directions();
    private final SimWaits waits;
    private long spliceRefused = Long.MAX_VALUE; // from this time on

    SimKernel(World world, Faults faults, Network network, int descriptors, long callNanos, Consumer<String> trace) {
        this.world = world;
        this.faults = faults;
        this.network = network;
        this.descriptors = new SimDescriptors(descriptors);
        this.bytes = new SimBytes(faults);
        this.waits = new SimWaits(world, faults, directions);
        this.callNanos = callNanos;
        this.trace = trace;
    }

    // For a history and its checks.

    /** Returns a new descriptor for a file. */
    int install(SimFile file) {
        progress++;
        return descriptors.add(file);
    }

    public boolean isOpen(int fd) {
        return descriptors.isOpen(fd);
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

    SimDescriptors descriptors() {
        return descriptors;
    }

    SimTcp listener(SocketAddress.Inet address) {
        return ports.listener(address);
    }

    /** Returns how many open sockets have connected, or try to. */
    int connects() {
        int n = 0;
        for (SimFile file : descriptors.files()) if (file instanceof SimTcp socket && socket.connects()) n++;
        return n;
    }

    Map<SocketAddress.Inet, Integer> portsInTimeWait() {
        return ports.inTimeWait(world.now());
    }

    Set<SocketAddress.Inet> destinations() {
        return ports.destinations();
    }

    Directions directions() {
        return directions;
    }

    /** Checks that what is open is within the limits of one guest. */
    void checkLimits(int connections, int listening, int connecting) {
        int[] open = new int[2];
        for (SimFile file : descriptors.files()) {
            if (file instanceof SimTcp socket && !socket.isListening()) open[socket.isConnecting() ? 1 : 0]++;
        }
        if (open[0] > connections)
            throw Violation.of("the guest has %d connections, its limit is %d", open[0], connections);
        if (open[1] > connecting)
            throw Violation.of("the guest has %d handshakes in progress, its limit is %d", open[1], connecting);
        if (ports.listeners() > listening)
            throw Violation.of("the guest has %d listeners, its limit is %d", ports.listeners(), listening);
    }

    // Every call.

    private void begin() {
        directions.called();
        if (callNanos == 0) return;
        boolean stopped = world.random.nextInt(STOPPED_ONE_IN) == 0; // as a garbage collector stops a thread
        world.elapse(world.random.nextLong(stopped ? STOPPED_TIMES * callNanos : callNanos));
    }

    private SimFile file(String call, int fd) {
        return descriptors.file(call, fd);
    }

    private SimTcp tcp(String call, int fd) {
        return descriptors.file(call, fd, SimTcp.class);
    }

    private int ended(String call, Object what, int n) {
        if (trace != null) trace.accept(world.now() + " " + call + " " + what + " = " + n);
        return n;
    }

    private long ended(String call, Object what, long n) {
        return ended(call, what, (int) n);
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
        if (n == 0 && !descriptors.hasRoom(1)) n = -Errno.EMFILE;
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
        return ended("bind", fd, ports.bind(socket, address));
    }

    @Override
    public int isLocal(SocketAddress.Inet address) {
        begin();
        int n = faults.draw(Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM);
        if (n == 0 && !descriptors.hasRoom(1)) n = -Errno.EMFILE;
        if (n < 0) network.notSaid(address.port(), -n);
        else if (network.isLocal(address)) n = 1;
        return ended("isLocal", address, n);
    }

    @Override
    public int listen(int fd, int backlog) {
        begin();
        SimTcp socket = tcp("listen", fd);
        return ended("listen", fd, ports.listen(socket));
    }

    @Override
    public int accept4(int fd) {
        begin();
        SimTcp listener = tcp("accept4", fd);
        int n = faults.draw(Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.ENOBUFS, Errno.ECONNABORTED);
        if (n == 0 && !descriptors.hasRoom(1)) n = -Errno.EMFILE;
        if (n == -Errno.ECONNABORTED) {
            SimTcp aborted = listener.accept();
            if (aborted == null) n = -Errno.EAGAIN;
            else aborted.abort();
        } else if (n == 0) {
            SimTcp connection = listener.accept();
            if (connection == null) {
                n = (int) SimBytes.awake("accept4", listener, -Errno.EAGAIN);
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
        if (n == 0) n = SimPorts.otherFamily(socket, address);
        if (n == 0) {
            socket.remote = address;
            ports.bindFree(socket);
            socket.connecting();
            n = network.connect(socket, address);
        }
        if (n == 0) n = -Errno.EINPROGRESS;
        return ended("connect", fd, awakeConnect(socket, n));
    }

    private int awakeConnect(SimTcp socket, int n) {
        if (n == -Errno.EINPROGRESS && !socket.nonBlocking)
            throw Violation.of("connect would block: the socket is in blocking mode");
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
        if (n == 0 && !descriptors.hasRoom(2)) n = -Errno.EMFILE;
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
                SimPipe pipe = descriptors.file("fcntl", fd, SimPipe.End.class).pipe();
                if (command == F_SETPIPE_SZ) n = faults.draw(Errno.EPERM, Errno.ENOMEM);
                if (n == 0) n = command == F_GETPIPE_SZ ? pipe.capacity() : pipe.resize(argument);
            }
            default -> throw Violation.of("the simulation does not know fcntl command %d", command);
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
                    default -> throw Violation.of("the simulation does not know ioctl request %d", request);
                });
    }

    @Override
    public int close(int fd) {
        begin();
        SimFile file = file("close", fd);
        unlocked("close", file);
        descriptors.remove(fd);
        progress++;
        if (file instanceof SimTcp socket && socket.isListening()) ports.remove(socket);
        file.drop();
        if (!file.isOpen()) {
            directions.forget(file);
            if (file instanceof SimTcp socket && socket.connects() && socket.keepsPort())
                ports.keep(socket, world.now());
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
        long n = refusesSplice() ? -Errno.EPERM : bytes.splice(source, sink, count);
        directions.moved(source, sink, n);
        if (n > 0) progress++;
        return ended("splice", in + " " + out, n);
    }

    @Override
    public long read(int fd, MemorySegment to, long offset, long length) {
        begin();
        SimFile file = file("read", fd);
        unlocked("read", file);
        if (file instanceof SimEventFd eventfd) {
            progress++;
            to.set(ValueLayout.JAVA_LONG, offset, eventfd.take());
            return Long.BYTES;
        }
        SimBytes.Read read = bytes.read(file, (int) Math.min(length, to.byteSize() - offset));
        if (read.result() <= 0) return ended("read", fd, read.result());
        progress++;
        return took("read", fd, file, read.bytes(), to, offset);
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
        long n = bytes.write(file, from.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE));
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
        SimUnix channel = descriptors.file("sendmsg", fd, SimUnix.class);
        SimFile[] files = first < 0 ? new SimFile[0] : new SimFile[] {file("sendmsg", first), file("sendmsg", second)};
        long n = files.length == 0
                ? faults.draw(Errno.ENOMEM, Errno.ENOBUFS)
                : faults.draw(Errno.ENOMEM, Errno.ENOBUFS, Errno.ETOOMANYREFS);
        if (n == 0) n = channel.send(frame.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), files);
        if (n > 0) progress++;
        return ended("sendmsg", fd, SimBytes.awake("sendmsg", channel, n));
    }

    // Waits.

    @Override
    public int epoll_create1() {
        begin();
        int n = faults.draw(Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM);
        if (n == 0 && !descriptors.hasRoom(1)) n = -Errno.EMFILE;
        return n == 0 ? install(new SimEpoll()) : n;
    }

    @Override
    public int epoll_ctl(int epfd, int op, int fd, int events, long token) {
        begin();
        SimEpoll epoll = descriptors.file("epoll_ctl", epfd, SimEpoll.class);
        SimFile file = file("epoll_ctl", fd);
        int n = op == arca.bindings.Constants.EPOLL_CTL_ADD ? faults.draw(Errno.ENOSPC, Errno.ENOMEM) : 0;
        if (n == 0) n = epoll.control(op, fd, file, events, token);
        if (n == -Errno.ENOENT || n == -Errno.EEXIST) throw Violation.of("epoll_ctl %d of %d: %d", op, fd, n);
        return ended("epoll_ctl " + op, fd, n);
    }

    @Override
    public int epoll_wait(int epfd, long[] tokens, int[] events, int timeoutMillis) {
        begin();
        SimEpoll epoll = descriptors.file("epoll_wait", epfd, SimEpoll.class);
        int n = waits.await(epoll::hasEvents, timeoutMillis, Errno.EINTR);
        if (n <= 0) return ended("epoll_wait", epfd, n);
        int most = faults.shorten(tokens.length);
        return ended("epoll_wait", epfd, epoll.take(world, tokens, events, most));
    }

    @Override
    public int poll(int[] fds, int[] events, int[] revents, int count, int timeoutMillis) {
        begin();
        SimFile[] files = new SimFile[count];
        for (int i = 0; i < count; i++) if (fds[i] >= 0) files[i] = file("poll", fds[i]);
        int n = waits.poll(files, events, revents, timeoutMillis);
        return ended("poll", polls(fds, events, revents, count), n);
    }

    private static String polls(int[] fds, int[] events, int[] revents, int count) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < count; i++) {
            all.append(' ').append(fds[i]).append(':').append(Integer.toHexString(events[i]));
            all.append('/').append(Integer.toHexString(revents[i]));
        }
        return all.toString();
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
}
