package arca.monitor.relay;

import arca.bindings.Errno;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;

/**
 * What the guest writes, to its peer. 0 from a pipe means that it has no writer left and no byte.
 *
 * <p>When the pipe is empty, the socket is pushed if TCP may hold the last bytes back. Elsewhere this is not needed: more
 * bytes, or the FIN, push what is before them, and a socket that has no room is waiting for an acknowledgement.
 */
final class PipeToSocket extends Flow {
    private boolean heldBack; // the last bytes, perhaps

    PipeToSocket(Relay relay, Reactor reactor, Mover mover, Descriptor pipe, Descriptor socket) {
        super(relay, reactor, mover, pipe, socket);
    }

    @Override
    long move(long count) {
        long n = mover.move(source.fd(), sink.fd(), count, stash);
        if (n > 0) heldBack = mover.mayHoldBack(n);
        return n;
    }

    /**
     * The count says nothing: splice(2) to a socket returns early for a signal, a stop and SIGCONT too (measured on 6.18:
     * 64 KiB moved of 1 MiB, the socket writable), and read(2) of a pipe in packet mode gives one packet. So the pipe is
     * asked, which costs less than a splice in vain, and then the socket's edges need not be tried at all.
     */
    @Override
    State afterShort(long count) {
        return isEmpty() ? drained() : State.READY;
    }

    @Override
    State after(int errno) {
        return errno == Errno.EAGAIN && isEmpty() ? drained() : super.after(errno);
    }

    private State drained() {
        if (heldBack) mover.push(sink.fd());
        heldBack = false;
        return State.DRAINED;
    }

    /** Whether there is nothing to move: what the guest writes from now on is an edge, and so is its end. */
    private boolean isEmpty() {
        return stash.isEmpty() && mover.isEmpty(source.fd());
    }
}
