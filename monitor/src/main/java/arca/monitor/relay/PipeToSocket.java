package arca.monitor.relay;

import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;

/** What the guest writes, to its peer. 0 from a pipe means that it has no writer left and no byte. */
final class PipeToSocket extends Flow {
    PipeToSocket(Relay relay, Reactor reactor, Mover mover, Descriptor pipe, Descriptor socket) {
        super(relay, reactor, mover, pipe, socket);
    }

    @Override
    long move(long count) {
        return mover.move(source.fd(), sink.fd(), count, stash);
    }

    /**
     * Never: splice(2) to a socket returns early for a signal, a stop and SIGCONT too (measured on 6.18: 64 KiB moved of
     * 1 MiB, the socket writable), and read(2) of a pipe in packet mode gives one packet.
     */
    @Override
    boolean owesEdge(long count) {
        return false;
    }
}
