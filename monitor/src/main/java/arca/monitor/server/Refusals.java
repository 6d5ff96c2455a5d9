package arca.monitor.server;

import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_PASSRIGHTS;

import arca.bindings.Fd;
import arca.bindings.Syscalls;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Closes the sockets of guests that are not let in. A socket may hold descriptors that its guest has sent, and closing the
 * last one of a pipe waits without end if the guest holds that pipe's lock. Where the kernel does not refuse such
 * descriptors, a thread closes the sockets that was started before any guest came: a refusal needs no new thread. If a
 * guest holds that thread up, no more guests are let in, and those who are in go on.
 *
 * <p>For the acceptor's thread.
 */
final class Refusals implements AutoCloseable {
    private static final int MOST = 64; // sockets that wait to be closed

    private final BlockingQueue<Fd> waiting = new LinkedBlockingQueue<>();
    private final Thread closer;
    private boolean mayBeOlder;
    private boolean isSafe;

    /** Starts the thread where one is needed; an OutOfMemoryError says that the system has no room for it. */
    Refusals(ControlSocket socket) {
        isSafe = socket.refusesDescriptors();
        mayBeOlder = !isSafe && Syscalls.getsockopt(socket.listener().value(), SOL_SOCKET, SO_PASSRIGHTS) == 0;
        closer = Thread.ofPlatform().daemon().name("refusals").unstarted(this::closeAll);
        if (!isSafe) closer.start();
    }

    /**
     * Whether the next guest may have connected before the listening socket was ours, and have sent descriptors: unlike
     * later ones, which the kernel refuses on this socket's account.
     */
    boolean mayBeOlder() {
        return mayBeOlder;
    }

    /** Says that no connection waits: whoever comes now is younger. */
    void noneIsOlder() {
        if (!mayBeOlder) return;
        mayBeOlder = false;
        isSafe = true;
        closer.interrupt();
    }

    /** Whether one more guest could be refused. */
    boolean hasRoom() {
        return isSafe || waiting.size() < MOST;
    }

    /** Closes a refused guest's socket, now or soon. */
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

    /** Ends the thread, once it has closed what waits. */
    @Override
    public void close() {
        closer.interrupt();
    }
}
