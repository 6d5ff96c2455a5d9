package arca.testnet;

import static arca.bindings.Constants.AF_INET;
import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.Constants.MSG_OOB;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.SHUT_WR;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_LINGER;
import static arca.bindings.Constants.SO_RCVBUF;
import static arca.bindings.Constants.TCP_NODELAY;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.control.Endpoint;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A TCP socket that is the peer of a guest. It sends without delay (TCP_NODELAY). */
public final class Peer extends Side {
    private final Fd socket;

    private Peer(Fd socket) throws ErrnoException {
        super(socket, socket);
        this.socket = socket;
        Sockets.setOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    }

    public static Peer connect(Endpoint to) throws IOException {
        return new Peer(Sockets.connect(Loopback.of(to)));
    }

    /** Returns the local endpoint of the connection. */
    public Endpoint local() throws ErrnoException {
        return Loopback.of(Sockets.localAddress(socket));
    }

    @Override
    public void finish() throws IOException {
        Sockets.shutdown(socket, SHUT_WR);
    }

    /** Sends a byte as urgent data: tcp(7). */
    public void sendUrgent(char c) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) c);
            assertEquals(1, Syscalls.send(socket.value(), one, MSG_OOB | MSG_NOSIGNAL));
        }
    }

    /** Resets the connection: closes it with SO_LINGER of 0 seconds, socket(7). */
    public void reset() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment linger = arena.allocate(ValueLayout.JAVA_INT, 2);
            linger.setAtIndex(ValueLayout.JAVA_INT, 0, 1);
            assertEquals(0, Syscalls.setsockopt(socket.value(), SOL_SOCKET, SO_LINGER, linger));
        }
        socket.close();
    }

    /** A listening socket whose connections are peers. */
    public static final class Listener implements AutoCloseable {
        private static final int BACKLOG = 64;

        private final Fd socket;

        private Listener(Fd socket) {
            this.socket = socket;
        }

        public static Listener open() throws IOException {
            return open(BACKLOG);
        }

        public static Listener open(int backlog) throws IOException {
            return open(backlog, 0);
        }

        /** Opens a listener. A small {@code receiveBuffer} makes senders wait soon; 0 is the system's default. */
        public static Listener open(int backlog, int receiveBuffer) throws IOException {
            Fd socket = Sockets.open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
            if (receiveBuffer > 0) Sockets.setOption(socket, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
            Sockets.bind(socket, new SocketAddress.IPv4(Loopback.ADDRESS, 0));
            ErrnoException.check("listen", Syscalls.listen(socket.value(), backlog));
            return new Listener(socket);
        }

        public Endpoint endpoint() throws ErrnoException {
            return Loopback.of(Sockets.localAddress(socket));
        }

        public Peer accept() throws IOException {
            await(socket, POLLIN);
            return new Peer(Sockets.accept(socket, SOCK_NONBLOCK).orElseThrow());
        }

        /** Fails if a client has connected. On loopback, a handshake is complete as soon as the SYN was sent. */
        public void assertUntouched() {
            assertEquals(-Errno.EAGAIN, Syscalls.accept4(socket.value(), 0), "somebody has connected");
        }

        @Override
        public void close() {
            socket.close();
        }
    }
}
