package arca.monitor.guest;

import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.relay.DataPipe;
import java.lang.foreign.MemorySegment;

/**
 * A control channel over a Unix-domain stream socket. Descriptors travel by SCM_RIGHTS: unix(7). The socket's send
 * buffer limits how many replies a guest may leave unread.
 */
public final class UnixSocketChannel implements ControlChannel {
    private static final int NONE = -1;

    private final Kernel kernel;
    private final Descriptor socket;

    /** Creates a channel, which owns a connected, non-blocking socket. */
    public UnixSocketChannel(Kernel kernel, Descriptor socket) {
        this.kernel = kernel;
        this.socket = socket;
    }

    @Override
    public Descriptor reader() {
        return socket;
    }

    @Override
    public Descriptor writer() {
        return socket;
    }

    /** Uses read(2), which never receives descriptors. The kernel closes those that a guest sends. */
    @Override
    public long receive(MemorySegment buffer) {
        return kernel.read(socket.fd(), buffer, 0, buffer.byteSize());
    }

    @Override
    public long send(MemorySegment frame, int length) {
        return kernel.sendmsg(socket.fd(), frame, length, NONE, NONE);
    }

    @Override
    public long send(MemorySegment frame, int length, int pipeId, DataPipe pipe) {
        int reader = pipe.guestReader().fd();
        long n = kernel.sendmsg(
                socket.fd(), frame, length, reader, pipe.guestWriter().fd());
        if (n > 0) pipe.closeGuestEnds();
        return n;
    }

    @Override
    public void close() {
        socket.close();
    }
}
