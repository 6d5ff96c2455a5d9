package arca.benchmarks;

import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.ErrnoException.check;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.ScmRights;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.control.ConnectionReady;
import arca.control.ProtocolException;
import arca.control.Reply;
import arca.control.Request;
import arca.control.guest.DataPipes.Ends;
import arca.monitor.EmbeddedGuest;
import arca.monitor.Monitor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A guest that sends and reads the frames itself, one request at a time. So the benchmark measures the monitor, not a
 * library.
 */
sealed interface BareGuest extends AutoCloseable {
    /** Sends a request and waits for the reply. */
    Reply ask(Request request) throws IOException;

    /** Returns the ends of the data pipe that came with a reply. The caller owns them. */
    Ends take(ConnectionReady ready) throws IOException;

    /** Runs one turn of the monitor's loop if the monitor has no thread of its own. */
    void turn();

    /** Returns whether the monitor has no thread of its own. Then no call may block. */
    boolean drivesTheMonitor();

    @Override
    void close();

    private static Reply decode(MemorySegment frame) {
        try {
            return Reply.decode(frame, 0);
        } catch (ProtocolException e) {
            throw new IllegalStateException("the monitor broke the protocol", e);
        }
    }

    /**
     * A guest in the monitor's process, over two pipes. The thread that sends requests also runs the monitor's loop.
     */
    final class Embedded implements BareGuest {
        private final Arena arena = Arena.ofConfined();
        private final MemorySegment frame = arena.allocate(64);
        private final EmbeddedGuest guest;
        private int requestId;

        Embedded(Monitor monitor) throws ErrnoException {
            guest = monitor.embed();
        }

        @Override
        public Reply ask(Request request) throws IOException {
            int size = request.encode(++requestId, frame, 0);
            check("write", Syscalls.write(guest.requests().value(), frame, 0, size));
            guest.serveOne();
            check("read", Syscalls.read(guest.replies().value(), frame));
            return decode(frame);
        }

        @Override
        public Ends take(ConnectionReady ready) throws IOException {
            return guest.take(ready.pipe().pipeId());
        }

        @Override
        public void turn() {
            guest.pumpOnce();
        }

        @Override
        public boolean drivesTheMonitor() {
            return true;
        }

        @Override
        public void close() {
            guest.close();
            arena.close();
        }
    }

    /** A guest on the control socket. The monitor has a thread for it. */
    final class Unix implements BareGuest {
        private final Arena arena = Arena.ofConfined();
        private final ScmRights message = new ScmRights(arena, 64, 2);
        private final Fd socket;
        private int requestId;

        Unix(Path control) throws ErrnoException {
            socket = Sockets.connect(SocketAddress.Unix.path(control.toString()));
        }

        @Override
        public Reply ask(Request request) throws IOException {
            int size = request.encode(++requestId, message.bytes(), 0);
            check("send", Syscalls.send(socket.value(), message.bytes(), 0, size, MSG_NOSIGNAL));
            if (message.receive(socket.value(), 0) == 0) throw new IOException("the monitor ended the session");
            return decode(message.bytes());
        }

        @Override
        public Ends take(ConnectionReady ready) {
            return new Ends(message.take(), message.take());
        }

        @Override
        public void turn() {}

        @Override
        public boolean drivesTheMonitor() {
            return false;
        }

        @Override
        public void close() {
            socket.close();
            message.close();
            arena.close();
        }
    }
}
