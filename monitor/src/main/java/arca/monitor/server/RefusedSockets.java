package arca.monitor.server;

import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_PASSRIGHTS;

import arca.bindings.Fd;
import arca.bindings.Syscalls;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Closes the sockets of guests that the monitor does not let in. A guest may have sent descriptors over its socket. If one of
 * them is the last of a pipe, and the guest holds the lock of that pipe, close(2) blocks for as long as the guest likes. Linux
 * 6.16 can refuse such descriptors. On older kernels, a thread of this class closes the sockets. It is started before the
 * first guest comes, so that a refusal needs no new thread. If a guest blocks that thread, the monitor lets in no more guests;
 * the others are not affected. For the acceptor's thread.
 */
final class RefusedSockets implements AutoCloseable {
    private static final int MOST = 64; // sockets that wait to be closed

    private final BlockingQueue<Fd> waiting = new LinkedBlockingQueue<>();
    private final Thread closer;
    private boolean mayBeOlder;
    private boolean isSafe;

    /** Starts the thread if one is needed. Throws an OutOfMemoryError if the system refuses a thread. */
    RefusedSockets(ControlSocket socket) {
        isSafe = socket.refusesDescriptors();
        mayBeOlder = !isSafe && Syscalls.getsockopt(socket.listener().value(), SOL_SOCKET, SO_PASSRIGHTS) == 0;
        closer = Thread.ofPlatform().daemon().name("refusals").unstarted(this::closeAll);
        if (!isSafe) closer.start();
    }

    /**
     * Returns whether the next guest may have connected before this process had the listening socket. Such a guest may have
     * sent descriptors; the kernel refuses those of later guests.
     */
    boolean mayBeOlder() {
        return mayBeOlder;
    }

    /** Notes that no connection waits. So guests that come from now on connect after this process has the socket. */
    void noneIsOlder() {
        if (!mayBeOlder) return;
        mayBeOlder = false;
        isSafe = true;
        closer.interrupt();
    }

    /** Returns whether one more guest could be refused. */
    boolean hasRoom() {
        return isSafe || waiting.size() < MOST;
    }

    /** Closes the socket of a guest that was refused, now or soon. */
    void close(Fd guest) {
        if (isSafe) guest.close();
        else waiting.add(guest);
    }

    private void closeAll() {
        try {
            while (true) waiting.take().close();
        } catch (InterruptedException e) {
            for (Fd guest = waiting.poll(); guest != null; guest = waiting.poll()) guest.close();
        }
    }

    /** Ends the thread after it has closed the sockets that wait. */
    @Override
    public void close() {
        closer.interrupt();
    }
}
