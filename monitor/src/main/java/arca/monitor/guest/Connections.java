package arca.monitor.guest;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.ConnectionReady;
import arca.control.DataPipeInfo;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;
import arca.monitor.relay.CutReason;
import arca.monitor.relay.DataPipe;
import arca.monitor.relay.Mover;
import arca.monitor.relay.Relay;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A guest's live connections, and the data pipes for them: one is kept ready for the next accept, so that no connection is
 * taken off the kernel's queue that could not be handed over. Loop thread only.
 */
final class Connections implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

    /** What a live connection has: its numbers, its relay, and what its pipes take of the budget. */
    private record Connection(int id, int pipeId, long pipeBytes, Relay relay) {}

    private final String guest;
    private final SharedResources shared;
    private final Reactor reactor;
    private final Mover mover;
    private final Runnable onEnd;
    private final Map<Integer, Connection> live = new HashMap<>();
    private long pipeBytes;
    private DataPipe spare; // null while no accept waits

    /**
     * None yet.
     *
     * @param guest what the log calls their guest
     * @param onEnd run after each connection that has ended
     */
    Connections(String guest, SharedResources shared, Reactor reactor, Mover mover, Runnable onEnd) {
        this.guest = guest;
        this.shared = shared;
        this.reactor = reactor;
        this.mover = mover;
        this.onEnd = onEnd;
    }

    int count() {
        return live.size();
    }

    /**
     * Makes a data pipe: as large as is configured while there is room for everybody, else smaller.
     *
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    DataPipe openPipe() throws ErrnoException {
        int wanted = shared.config.pipeSize();
        DataPipe pipe = DataPipe.open(reactor, shared.pipes.pipeSize(wanted, pipeBytes));
        if (pipe.ringSize() < wanted && shared.smallPipesLogged.compareAndSet(false, true)) {
            LOG.info(
                    "{}: pipes of {} bytes, not {}: the allowance is used up; raise fs.pipe-user-pages-soft or"
                            + " --pipe-memory",
                    guest,
                    pipe.ringSize(),
                    wanted);
        }
        return pipe;
    }

    /** Has a data pipe ready for the next accept. */
    void openSpare() throws ErrnoException {
        if (spare == null) spare = openPipe();
    }

    /** Gives the pipe of {@link #openSpare} to the caller. */
    DataPipe takeSpare() {
        DataPipe taken = spare;
        spare = null;
        return taken;
    }

    /** No accept waits any more. */
    void closeSpare() {
        if (spare != null) spare.close();
        spare = null;
    }

    /**
     * Begins to relay between a socket and our ends of a pipe.
     *
     * @param listenerId the listener it came in by, or {@link ConnectionReady#NO_LISTENER}
     * @return what the guest is told of it
     * @throws ErrnoException ENOSPC or ENOMEM where the loop cannot watch them: both are closed then
     */
    ConnectionReady start(int listenerId, Descriptor socket, DataPipe pipe) throws ErrnoException {
        int id = shared.connectionIds.take();
        int pipeId = shared.pipeIds.take();
        try {
            long bytes = 2L * pipe.ringSize();
            Relay relay = Relay.start(reactor, mover, socket, pipe, shared.config.linger(), _ -> ended(id));
            live.put(id, new Connection(id, pipeId, bytes, relay));
            pipeBytes += bytes;
            shared.pipes.reserve(bytes);
        } catch (ErrnoException e) {
            shared.pipeIds.release(pipeId);
            shared.connectionIds.release(id);
            pipe.close();
            socket.close();
            throw e;
        }
        LOG.debug("{}: connection {} begins", guest, Integer.toUnsignedString(id));
        return new ConnectionReady(listenerId, id, new DataPipeInfo(pipeId, pipe.ringSize()));
    }

    private void ended(int id) {
        Connection connection = live.remove(id);
        pipeBytes -= connection.pipeBytes();
        shared.pipes.release(connection.pipeBytes());
        shared.pipeIds.release(connection.pipeId());
        shared.connectionIds.release(id);
        LOG.debug(
                "{}: connection {} ended: {} bytes to the peer, {} from it",
                guest,
                Integer.toUnsignedString(id),
                connection.relay().bytesToPeer(),
                connection.relay().bytesFromPeer());
        connection.relay().cutReason().ifPresent(reason -> log(Integer.toUnsignedString(id), reason));
        onEnd.run();
    }

    private void log(String id, CutReason reason) {
        String connection =
                "connection " + id + reason.peer().map(peer -> " with " + peer).orElse("");
        switch (reason) {
            case CutReason.CallRefused refused ->
                shared.log.warn(
                        guest,
                        connection + " was cut: " + shared.config.relay().name().toLowerCase(Locale.ROOT) + " failed: "
                                + Errno.describe(refused.errno()));
            case CutReason.Unacknowledged left ->
                shared.log.info(
                        guest,
                        connection + " was cut: the guest has closed it, and the peer has acknowledged nothing for "
                                + shared.config.linger().toSeconds() + " s (--linger); " + left.bytes()
                                + " bytes were not acknowledged");
        }
    }

    /** Closes all at once; peers may be reset. */
    @Override
    public void close() {
        closeSpare();
        List.copyOf(live.values()).forEach(connection -> connection.relay().close());
    }
}
