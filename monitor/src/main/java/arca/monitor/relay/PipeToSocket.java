package arca.monitor.relay;

import arca.bindings.Errno;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;

/**
 * The direction from the guest to its peer. A pipe returns 0 when it has no writer left and no byte.
 *
 * <p>When the pipe is empty and TCP may hold back the last bytes, the flow makes TCP send them. Only then is that needed:
 * later bytes and the FIN send what is before them, and a socket without room waits for an acknowledgement anyway.
 */
final class PipeToSocket extends Flow {
    private boolean mayBeHeldBack; // the last bytes that the socket has taken

    PipeToSocket(Relay relay, Reactor reactor, Mover mover, Descriptor pipe, Descriptor socket) {
        super(relay, reactor, mover, pipe, socket);
    }

    @Override
    long move(long count) {
        long n = mover.move(source.fd(), sink.fd(), count, pending);
        if (n > 0) mayBeHeldBack = mover.mayHoldBack(n);
        return n;
    }

    /**
     * {@inheritDoc}
     *
     * <p>A short count alone says nothing. splice(2) to a socket returns early for a signal, also for a stop and SIGCONT
     * (measured on 6.18: 64 KiB of 1 MiB were moved, and the socket was writable). read(2) of a pipe in packet mode returns
     * one packet. So the flow asks the pipe. That costs less than a splice(2) that returns EAGAIN; and while the pipe is
     * known to be empty, events of the socket need no call at all.
     */
    @Override
    State stateAfterShortCount(long count) {
        return isSourceEmpty() ? drained() : State.READY;
    }

    @Override
    State stateAfter(int errno) {
        return errno == Errno.EAGAIN && isSourceEmpty() ? drained() : super.stateAfter(errno);
    }

    private State drained() {
        if (mayBeHeldBack) mover.push(sink.fd());
        mayBeHeldBack = false;
        return State.DRAINED;
    }

    /** Returns whether there is nothing to move. What the guest writes from now on makes an event, and so does its end. */
    private boolean isSourceEmpty() {
        return pending.isEmpty() && mover.isPipeEmpty(source.fd());
    }
}
