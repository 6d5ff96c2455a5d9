package arca.benchmarks;

import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_LINGER;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Errno;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.control.Endpoint;
import arca.control.Reply;
import arca.control.Reply.ConnectOk;
import arca.control.Request.ConnectRequest;
import arca.control.guest.DataPipes.Ends;
import arca.monitor.Monitor;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.policy.Policy;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/** A monitor in this process, a guest of it, and a listening peer. For the thread that makes it. */
final class Scene implements AutoCloseable {
    /** Connects over loopback, but no listeners. All guests are of one user, who may have everything. */
    static final MonitorConfig CONFIG = MonitorConfig.builder()
            .limits(Limits.builder().share(100).build())
            .policy(Policy.NOTHING.allowConnect("127.0.0.0/8"))
            .build();

    private static final int LOCALHOST = 0x7f000001;
    private static final int BACKLOG = 128;

    private final Path directory = Files.createTempDirectory("arca-benchmark");
    private final Path control = directory.resolve("control.sock");
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment linger = arena.allocateFrom(ValueLayout.JAVA_INT, 1, 0); // on, 0 seconds: socket(7)
    private final MemorySegment rest = arena.allocate(64 * 1024);
    private final Monitor monitor;
    private final BareGuest guest;
    private final Fd listener;
    private final ConnectRequest toPeer;

    Scene(ControlBenchmark.Kind kind, MonitorConfig config) throws IOException {
        monitor = Monitor.start(config.toBuilder().control(control).build());
        guest = switch (kind) {
            case EMBEDDED -> new BareGuest.Embedded(monitor);
            case UNIX -> new BareGuest.Unix(control);
        };
        listener = Sockets.listen(Loopback.ANY_PORT, 0, BACKLOG);
        SocketAddress.IPv4 at = (SocketAddress.IPv4) Sockets.localAddress(listener);
        toPeer = new ConnectRequest(new Endpoint(LOCALHOST, at.port()));
    }

    BareGuest guest() {
        return guest;
    }

    /** Another guest of the same monitor, which the caller closes. */
    BareGuest another() throws IOException {
        return new BareGuest.Unix(control);
    }

    /** A connection from the guest to the peer; the caller closes it. */
    Connection connect() throws IOException {
        Ends ends = ask(toPeer);
        Fd peer = Sockets.accept(listener, 0).orElseThrow();
        if (guest.drivesTheMonitor()) {
            ends.reader().nonBlocking(true);
            ends.writer().nonBlocking(true);
            peer.nonBlocking(true);
        }
        return new Connection(ends.reader(), ends.writer(), peer);
    }

    /** Opens a connection of which this process keeps only the monitor's descriptors. It stays idle. */
    void connectIdle(IdlePeers idle) throws IOException {
        idle.keep(ask(new ConnectRequest(new Endpoint(LOCALHOST, idle.port()))));
    }

    private Ends ask(ConnectRequest request) throws IOException {
        Reply reply = guest.ask(request);
        if (!(reply instanceof ConnectOk(var ready))) throw new IOException("connect: " + reply);
        return guest.take(ready);
    }

    @Override
    public void close() throws IOException {
        guest.close();
        monitor.close();
        listener.close();
        arena.close();
        Files.deleteIfExists(control);
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) Files.delete(file);
        }
        Files.delete(directory);
    }

    /** The guest's two ends of a data pipe, and the peer's socket: blocking where the monitor has a thread of its own. */
    final class Connection implements AutoCloseable {
        private final Fd reader;
        private final Fd writer;
        private final Fd peer;

        Connection(Fd reader, Fd writer, Fd peer) {
            this.reader = reader;
            this.writer = writer;
            this.peer = peer;
        }

        Fd reader() {
            return reader;
        }

        Fd writer() {
            return writer;
        }

        Fd peer() {
            return peer;
        }

        /** A message to the peer, and one as long back. */
        void pingPong(MemorySegment bytes) throws IOException {
            carry(writer, peer, bytes);
            carry(peer, reader, bytes);
        }

        /** Writes all at one end and reads all at the other; the monitor moves it. */
        long carry(Fd from, Fd to, MemorySegment bytes) throws IOException {
            long size = bytes.byteSize();
            long written = 0;
            long read = 0;
            while (read < size) {
                if (written < size)
                    written += moved("write", Syscalls.write(from.value(), bytes, written, size - written));
                guest.turn();
                if (written > read) read += moved("read", Syscalls.read(to.value(), bytes, read, written - read));
            }
            return read;
        }

        private static long moved(String call, long n) throws IOException {
            return n == -Errno.EAGAIN ? 0 : check(call, n);
        }

        /** Closes the guest's ends, then the peer with a reset, which leaves no port in TIME_WAIT. */
        @Override
        public void close() throws IOException {
            reader.close();
            writer.close();
            long n;
            do {
                guest.turn();
                n = Syscalls.read(peer.value(), rest);
            } while (n > 0 || n == -Errno.EAGAIN);
            check("read", n);
            check("setsockopt SO_LINGER", Syscalls.setsockopt(peer.value(), SOL_SOCKET, SO_LINGER, linger));
            peer.close();
        }
    }
}
