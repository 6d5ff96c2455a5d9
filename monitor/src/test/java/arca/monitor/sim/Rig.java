package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLET;
import static arca.bindings.Constants.EPOLL_CTL_ADD;
import static arca.bindings.Constants.EPOLL_CTL_DEL;
import static arca.bindings.Constants.FIONREAD;
import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.F_SETPIPE_SZ;
import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.MSG_PEEK;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.POLLOUT;
import static arca.bindings.Constants.POLLPRI;
import static arca.bindings.Constants.POLLRDHUP;
import static arca.bindings.Constants.SHUT_WR;
import static arca.bindings.Constants.SIOCOUTQ;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_OOBINLINE;
import static arca.bindings.Constants.TCP_NODELAY;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import arca.monitor.reactor.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.TreeMap;

/** A connection and two pipes in one kernel, as a relay has them, and the operations on them. */
final class Rig implements AutoCloseable {
    /** One operation: a system call of the monitor, or an action of the guest or the peer. */
    enum Op {
        GUEST_WRITES,
        GUEST_READS,
        GUEST_ENDS_WRITING,
        GUEST_ENDS_READING,
        GUEST_RESIZES,
        PEER_SENDS,
        PEER_SENDS_URGENT,
        PEER_READS,
        PEER_ENDS,
        PEER_RESETS,
        SPLICE_TO_SOCKET,
        SPLICE_TO_PIPE,
        READ_PIPE,
        WRITE_PIPE,
        RECV,
        PEEK,
        SHUTDOWN
    }

    /** Actions of the peer for which {@link Kernel} has no call. */
    interface Peer {
        void sendUrgent(int socket);

        void reset(int socket);
    }

    private static final int ALL = POLLIN | POLLOUT | POLLPRI | POLLRDHUP;
    private static final int GONE = -1;

    private final Kernel kernel;
    private final Peer special;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment memory = arena.allocate(1 << 16);
    private final int[] up = new int[2]; // from the guest; the monitor has the read end
    private final int[] down = new int[2]; // to the guest; the monitor has the write end
    private final int socket;
    private int peer;
    private final int epoll;
    private boolean reset;

    /** Creates the connection and the pipes. The connection uses a loopback address and any port. */
    Rig(Kernel kernel, SocketAddress.Inet loopback, Peer special) {
        this.kernel = kernel;
        this.special = special;
        int listener = kernel.socket(loopback.family(), SOCK_STREAM | SOCK_NONBLOCK);
        kernel.bind(listener, loopback);
        kernel.listen(listener, 1);
        peer = kernel.socket(loopback.family(), SOCK_STREAM | SOCK_NONBLOCK);
        kernel.connect(peer, kernel.getsockname(listener).orElseThrow());
        kernel.poll(new int[] {listener}, new int[] {POLLIN}, new int[1], 1, 10_000);
        socket = kernel.accept4(listener);
        kernel.close(listener);
        kernel.setsockopt(socket, SOL_SOCKET, SO_OOBINLINE, 1);
        for (int end : new int[] {socket, peer}) kernel.setsockopt(end, IPPROTO_TCP, TCP_NODELAY, 1);
        kernel.pipe2(up);
        kernel.pipe2(down);
        for (int end : new int[] {up[0], up[1], down[0], down[1]}) kernel.fcntl(end, F_SETFL, O_NONBLOCK);
        epoll = kernel.epoll_create1();
        for (int end : watched()) kernel.epoll_ctl(epoll, EPOLL_CTL_ADD, end, ALL | EPOLLET, end);
        edges();
    }

    private int[] watched() {
        return new int[] {socket, up[0], down[1]};
    }

    /** Carries out an operation. Returns the result of its call. */
    long apply(Op op, int n) {
        return switch (op) {
            case GUEST_WRITES -> up[1] == GONE ? 0 : kernel.write(up[1], memory, 0, n);
            case GUEST_READS -> down[0] == GONE ? 0 : kernel.read(down[0], memory, 0, n);
            case GUEST_ENDS_WRITING -> close(up, 1);
            case GUEST_ENDS_READING -> close(down, 0);
            case GUEST_RESIZES -> down[0] == GONE ? 0 : kernel.fcntl(down[0], F_SETPIPE_SZ, n);
            case PEER_SENDS -> peer == GONE ? 0 : kernel.write(peer, memory, 0, n);
            case PEER_SENDS_URGENT -> {
                if (peer != GONE) special.sendUrgent(peer);
                yield 0;
            }
            case PEER_READS -> peer == GONE ? 0 : kernel.recv(peer, memory, n, MSG_DONTWAIT);
            case PEER_ENDS -> peer == GONE ? 0 : kernel.shutdown(peer, SHUT_WR);
            case PEER_RESETS -> {
                if (peer != GONE) special.reset(peer);
                reset = true;
                yield peer = GONE;
            }
            case SPLICE_TO_SOCKET -> kernel.splice(up[0], socket, n);
            case SPLICE_TO_PIPE -> kernel.splice(socket, down[1], n);
            case READ_PIPE -> kernel.read(up[0], memory, 0, n);
            case WRITE_PIPE -> kernel.write(down[1], memory, 0, n);
            case RECV -> kernel.recv(socket, memory, n, MSG_DONTWAIT);
            case PEEK -> kernel.recv(socket, memory, 1, MSG_PEEK | MSG_DONTWAIT);
            case SHUTDOWN -> kernel.shutdown(socket, SHUT_WR);
        };
    }

    private int close(int[] pipe, int end) {
        if (pipe[end] != GONE) kernel.close(pipe[end]);
        return pipe[end] = GONE;
    }

    /** Describes the state of the monitor's descriptors and of the peer, with everything that is on its way. */
    String state() {
        int[] fds = {socket, up[0], down[1], peer};
        int[] events = {ALL, ALL, ALL, ALL};
        int[] happened = new int[fds.length];
        kernel.poll(fds, events, happened, fds.length, 0);
        int unsent = reset ? 0 : kernel.ioctl(socket, SIOCOUTQ);
        return String.format(
                "socket %x (%d in, %d out), reader %x (%d), writer %x, peer %x",
                happened[0],
                kernel.ioctl(socket, FIONREAD),
                unsent,
                happened[1],
                kernel.ioctl(up[0], FIONREAD),
                happened[2],
                happened[3]);
    }

    /** Returns the edges since the last call: the events, by the name of the descriptor. */
    Map<String, String> edges() {
        long[] tokens = new long[8];
        int[] events = new int[8];
        int n = kernel.epoll_wait(epoll, tokens, events, 0);
        Map<String, String> edges = new TreeMap<>();
        for (int i = 0; i < n; i++) {
            String name = tokens[i] == socket ? "socket" : tokens[i] == up[0] ? "reader" : "writer";
            edges.put(name, Integer.toHexString(events[i]));
        }
        return edges;
    }

    static String answer(long n) {
        return n < 0 ? Errno.describe((int) -n) : Long.toString(n);
    }

    @Override
    public void close() {
        for (int end : watched()) kernel.epoll_ctl(epoll, EPOLL_CTL_DEL, end, 0, 0);
        for (int fd : new int[] {epoll, socket, peer, up[0], up[1], down[0], down[1]}) if (fd != GONE) kernel.close(fd);
        arena.close();
    }
}
