package arca.monitor.guest;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.SocketAddress;
import arca.control.ConnectionReady;
import arca.control.DataPipeInfo;
import arca.monitor.config.Headroom;
import arca.monitor.config.PipeAllowance;
import arca.monitor.guest.PipeAudit.Growth;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.ledger.Resource;
import arca.monitor.observe.GuestEvent;
import arca.monitor.policy.Decision.Denied;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;
import arca.monitor.relay.CutReason;
import arca.monitor.relay.DataPipe;
import arca.monitor.relay.Mover;
import arca.monitor.relay.Relay;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds a guest's live connections, and opens their data pipes. While an accept waits, one pipe is open in advance: so
 * the monitor never takes a connection from the backlog that it cannot hand over. Loop thread only.
 */
final class Connections implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

    private static final int SMALLEST_PIPE = 2 * 4096; // bytes, what the kernel gives a user at its limit: pipe(7)
    private static final int DESCRIPTORS = Headroom.CONNECTION + Headroom.GUEST_ENDS;

    /** A live connection. */
    private static final class Connection {
        final int pipeId;
        final long pipeBytes; // of both pipes, in the ledger
        final long capacity; // of both pipes, when they were opened
        final Permission permission;
        final Optional<SocketAddress.Inet> to; // where it was connected to; empty if it came from a listener
        final Relay relay;
        long charged; // by how many bytes the guest has enlarged its pipes

        Connection(
                int pipeId, AccountedPipe opened, Permission permission, Optional<SocketAddress.Inet> to, Relay relay) {
            this.pipeId = pipeId;
            this.pipeBytes = opened.bytes();
            this.capacity = Math.max(opened.bytes(), 2L * opened.pipe().ringSize());
            this.permission = permission;
            this.to = to;
            this.relay = relay;
        }

        /** Returns by how many bytes the pipes are larger than they were. */
        long growth() {
            return Math.max(0, relay.pipeCapacity() - capacity);
        }
    }

    private final GuestLog log;
    private final SharedResources shared;
    private final GuestAccount account;
    private final Reactor reactor;
    private final Mover mover;
    private final Runnable onEnd;
    private final PipeShortage shortage;
    private final Map<Integer, Connection> live = new HashMap<>();
    private boolean hadGrownBefore; // pipes, at an audit
    private AccountedPipe spare; // for the next accept; null if none is open

    /**
     * Creates an empty set of connections.
     *
     * @param log has the guest's name
     * @param onEnd runs after each connection that has ended
     * @param cut ends the guest, because it has taken so many bytes of pipe memory
     * @param onPipes runs when {@link #openPipe} may be called again, after {@link #LATER}
     */
    Connections(
            GuestLog log,
            SharedResources shared,
            GuestAccount account,
            Reactor reactor,
            Mover mover,
            Runnable onEnd,
            LongConsumer cut,
            Runnable onPipes) {
        this.log = log;
        this.shared = shared;
        this.account = account;
        this.reactor = reactor;
        this.mover = mover;
        this.onEnd = onEnd;
        this.shortage =
                new PipeShortage(shared.pipeAudit, reactor, account.principal(), this::takeBackPipes, cut, onPipes);
    }

    /** Returns how many connections are live, including those that linger. */
    int count() {
        return live.size();
    }

    /**
     * Takes the descriptors of a connection from the guest's account. {@link #start} or {@link #cancel} gives them back.
     *
     * @return 0, or {@code -errno}: EMFILE at the principal's share, ENFILE at the total
     */
    int reserve() {
        return account.take(Resource.DESCRIPTORS, DESCRIPTORS);
    }

    /** Gives back what {@link #reserve} has taken: there is no connection, and nothing of it is open. */
    void cancel() {
        account.give(Resource.DESCRIPTORS, DESCRIPTORS);
    }

    /** Notes that the guest's ends of a data pipe are closed: the guest has its own by now, or never will. */
    void guestEndsClosed() {
        account.give(Resource.DESCRIPTORS, Headroom.GUEST_ENDS);
    }

    /**
     * A data pipe, and how many bytes of it are in the ledger.
     *
     * @param bytes 0 for the smallest pipes
     */
    record AccountedPipe(DataPipe pipe, long bytes) {}

    /** No pipe yet: the kernel has too little memory for pipes, and the monitor looks for the guest that has taken it. */
    static final AccountedPipe LATER = new AccountedPipe(null, 0);

    /**
     * Opens a data pipe. It has the configured size until the user has half its share of the pipe memory, then the kernel's
     * default size, and past the share the smallest one, which is always granted and not counted.
     *
     * @return the pipe, or {@link #LATER}
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    AccountedPipe openPipe() throws ErrnoException {
        if (shortage.isAwaited()) return LATER;
        int wanted = shared.config.pipeSize();
        long half = shared.ledger.share(Resource.PIPE_BYTES) / 2;
        boolean isLarge = account.usedByPrincipal(Resource.PIPE_BYTES) + 2L * wanted <= half;
        int size = isLarge ? wanted : Math.min(wanted, PipeAllowance.DEFAULT_PIPE);
        if (size > SMALLEST_PIPE && account.take(Resource.PIPE_BYTES, 2L * size) != 0) size = SMALLEST_PIPE;
        long bytes = size > SMALLEST_PIPE ? 2L * size : 0;
        try {
            DataPipe pipe = DataPipe.open(reactor, size);
            if (pipe.ringSize() >= size) {
                shortage.isOver();
            } else if (shortage.begin()) {
                close(new AccountedPipe(pipe, bytes));
                return LATER;
            }
            if (pipe.ringSize() < wanted) reportSmallPipes(pipe.ringSize(), wanted);
            return new AccountedPipe(pipe, bytes);
        } catch (ErrnoException e) {
            account.give(Resource.PIPE_BYTES, bytes);
            throw e;
        }
    }

    private void reportSmallPipes(int size, int wanted) {
        if (!shared.smallPipesLogged.compareAndSet(false, true)) return;
        shared.smallPipesLogged.set(log.report(new GuestEvent.SmallPipes(size, wanted)));
    }

    /**
     * Makes the pipes as small as they were when they were opened. What is too full for that is charged to the guest. It is an
     * offence, as is any growth after the first time.
     */
    private Growth takeBackPipes() {
        long grown = 0;
        long left = 0;
        for (Connection connection : live.values()) {
            grown += connection.growth();
            connection.relay.restorePipes();
            long kept = connection.growth();
            left += kept;
            account.give(Resource.PIPE_BYTES, connection.charged);
            account.charge(Resource.PIPE_BYTES, kept);
            connection.charged = kept;
        }
        long offence = hadGrownBefore ? grown : left;
        if (grown > 0) log.report(new GuestEvent.PipesTakenBack(grown - left));
        hadGrownBefore |= grown > 0;
        return new Growth(grown, offence);
    }

    private void close(AccountedPipe opened) {
        opened.pipe().close();
        account.give(Resource.PIPE_BYTES, opened.bytes());
    }

    /**
     * Reserves descriptors for the next accept and opens its data pipe, unless that is done.
     *
     * @return 0, or {@code -errno}: EMFILE or ENFILE at a limit, EAGAIN if there is no pipe yet
     */
    int openSpare() {
        if (spare != null) return 0;
        int n = reserve();
        if (n < 0) return n;
        try {
            AccountedPipe opened = openPipe();
            if (opened != LATER) {
                spare = opened;
                return 0;
            }
            cancel();
            return -Errno.EAGAIN;
        } catch (ErrnoException e) {
            cancel();
            return -e.errno();
        }
    }

    /** Returns the pipe that {@link #openSpare} has opened. The caller owns it now, and what was reserved with it. */
    AccountedPipe takeSpare() {
        AccountedPipe taken = spare;
        spare = null;
        return taken;
    }

    /** Closes the pipe of {@link #openSpare}, if there is one: no accept waits any more. */
    void closeSpare() {
        if (spare == null) return;
        close(spare);
        spare = null;
        cancel();
    }

    /**
     * Starts to relay between a socket and the monitor's ends of a data pipe, for which descriptors were reserved. Takes
     * ownership of the socket with its local port, and of these ends.
     *
     * @param listenerId the listener that the connection came from, or {@link ConnectionReady#NO_LISTENER}
     * @param permission what the policy has allowed: the connect, or the listener
     * @param to where it was connected to; empty if it came from a listener
     * @return what the reply tells the guest about the connection
     * @throws ErrnoException ENOSPC or ENOMEM if the kernel cannot watch the descriptors. The socket and both sides of
     *     the pipe are then closed
     */
    ConnectionReady start(
            int listenerId,
            Permission permission,
            Optional<SocketAddress.Inet> to,
            Descriptor socket,
            AccountedPipe opened)
            throws ErrnoException {
        DataPipe pipe = opened.pipe();
        int id = shared.connectionIds.take();
        int pipeId = shared.pipeIds.take();
        try {
            Relay relay = Relay.start(reactor, mover, socket, pipe, shared.config.linger(), _ -> ended(id));
            live.put(id, new Connection(pipeId, opened, permission, to, relay));
        } catch (ErrnoException e) {
            shared.pipeIds.release(pipeId);
            shared.connectionIds.release(id);
            close(opened);
            socket.close();
            to.ifPresent(destination -> account.givePort(destination, true));
            cancel();
            throw e;
        }
        LOG.debug("{}: connection {} begins", log.guest(), Integer.toUnsignedString(id));
        return new ConnectionReady(listenerId, id, new DataPipeInfo(pipeId, pipe.ringSize()));
    }

    private void ended(int id) {
        Connection connection = live.remove(id);
        account.give(Resource.PIPE_BYTES, connection.pipeBytes + connection.charged);
        account.give(Resource.DESCRIPTORS, Headroom.CONNECTION);
        boolean isKept = connection.relay.leavesTimeWait();
        connection.to.ifPresent(to -> account.givePort(to, isKept));
        shared.pipeIds.release(connection.pipeId);
        shared.connectionIds.release(id);
        LOG.debug(
                "{}: connection {} ended: {} bytes to the peer, {} bytes from the peer",
                log.guest(),
                Integer.toUnsignedString(id),
                connection.relay.bytesToPeer(),
                connection.relay.bytesFromPeer());
        connection.relay.cutReason().ifPresent(reason -> report(id, reason));
        onEnd.run();
    }

    private void report(int id, CutReason reason) {
        Optional<String> peer = reason.peer().map(Object::toString);
        switch (reason) {
            case CutReason.CallRefused refused ->
                log.warn(() -> "connection " + Integer.toUnsignedString(id)
                        + peer.map(address -> " with " + address).orElse("") + " was cut: "
                        + shared.config.relay().name().toLowerCase(Locale.ROOT) + " failed: "
                        + Errno.describe(refused.errno()));
            case CutReason.Unacknowledged left ->
                log.report(new GuestEvent.PeerSilent(id, peer, shared.config.linger(), left.bytes()));
        }
    }

    /**
     * Judges each connection again.
     *
     * @param judge returns why a connection is denied
     * @param cut whether connections that are denied are closed at once. A peer that has not received everything is reset
     * @return a denial for each connection that is denied
     */
    List<Denied> review(Function<Permission, Optional<Denied>> judge, boolean cut) {
        List<Denied> denied = new ArrayList<>();
        for (Connection connection : List.copyOf(live.values())) {
            Optional<Denied> denial = judge.apply(connection.permission);
            denial.ifPresent(denied::add);
            if (cut && denial.isPresent()) connection.relay.close();
        }
        return denied;
    }

    /** Closes every connection at once. A peer that has not received everything is reset. */
    @Override
    public void close() {
        closeSpare();
        shortage.close();
        List.copyOf(live.values()).forEach(connection -> connection.relay.close());
    }
}
