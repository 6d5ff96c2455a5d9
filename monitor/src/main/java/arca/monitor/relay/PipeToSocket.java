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
}
