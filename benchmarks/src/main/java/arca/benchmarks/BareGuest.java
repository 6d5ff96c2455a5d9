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

/** A guest that speaks the protocol itself, one request at a time, so that what is measured is the monitor. */
sealed interface BareGuest extends AutoCloseable {
    /** Asks, and waits for the reply. */
    Reply ask(Request request) throws IOException;

    /** The ends of the data pipe that a reply has handed over, now the caller's. */
    Ends take(ConnectionReady ready) throws IOException;

    /** Gives the monitor a turn where it has no thread of its own; else nothing. */
    void turn();

    /** Whether there is no such thread: nobody may block then. */
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

    /** In the monitor's process, over two pipes; the monitor's loop runs in the thread that asks. */
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

    /** Over the control socket; the monitor has a thread for it. */
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
