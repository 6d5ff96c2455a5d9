package arca.monitor.guest;

import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.relay.DataPipe;
import java.lang.foreign.MemorySegment;

/**
 * A Unix-domain stream socket, which carries descriptors by SCM_RIGHTS: unix(7). How many replies a guest may leave unread
 * is up to the socket's send buffer.
 */
public final class UnixSocketChannel implements ControlChannel {
    private static final int NONE = -1;

    private final Kernel kernel;
    private final Descriptor socket;

    /** Takes ownership of a connected, non-blocking socket. */
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

    /** By read(2), which never takes descriptors: a guest's own would be ours to close. */
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
