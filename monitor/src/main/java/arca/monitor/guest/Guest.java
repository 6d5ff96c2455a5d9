package arca.monitor.guest;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;
import static arca.bindings.Constants.EPOLLRDHUP;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.ConnectionReady;
import arca.control.Endpoint;
import arca.control.ProtocolException;
import arca.control.Reply;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenErr;
import arca.control.Reply.ListenOk;
import arca.control.Request;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.Profile.OnReload;
import arca.monitor.guest.Connections.AccountedPipe;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.ledger.Resource;
import arca.monitor.observe.GuestEvent;
import arca.monitor.observe.GuestSnapshot;
import arca.monitor.policy.Decision;
import arca.monitor.policy.Operation;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;
import arca.monitor.relay.DataPipe;
import arca.monitor.relay.Mover;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves one guest: reads its requests, answers them, and owns the listeners, handshakes and connections that they
 * create. Only the thread of the guest's own loop touches these. So whatever a guest does affects only itself.
 *
 * <pre>
 * state     event                 next      what happens
 * OPEN      request               OPEN      it is answered, now or later
 * OPEN      stop                  STOPPING  listeners and handshakes close; requests that wait are refused: ESHUTDOWN
 * OPEN      channel ends          DRAINING  listeners, handshakes and the channel close; requests that wait are dropped
 * OPEN      last connection ends  OPEN
 * STOPPING  request               STOPPING  it is refused: ESHUTDOWN
 * STOPPING  stop                  STOPPING
 * STOPPING  channel ends          DRAINING  the channel closes
 * STOPPING  last connection ends  ENDED     the channel closes, as soon as every reply has been sent
 * DRAINING  stop                  DRAINING
 * DRAINING  last connection ends  ENDED
 * ENDED     stop                  ENDED
 * any       close                 ENDED     everything closes at once; peers are reset
 * </pre>
 *
 * The channel ends when the guest closes or resets it, at a malformed frame, and when a reply cannot be sent. A guest
 * without connections goes on from STOPPING and DRAINING to ENDED at once.
 */
public final class Guest implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Guest.class);

    enum State {
        OPEN,
        STOPPING,
        DRAINING,
        ENDED
    }

    private final String name;
    private final GuestLog log;
    private final SharedResources shared;
    private final GuestAccount account;
    private final Reactor reactor;
    private final Mover mover;
    private final ControlChannel channel;
    private final Authorizer authorizer;

    private final Requests requests;
    private final Replies replies;

    private final Connections connections;
    private final Listeners listeners;
    private final Connects connects;
    private State state = State.OPEN;

    /**
     * Creates a guest. From now on, the loop watches its channel.
     *
     * @param who decides which policy holds for the guest
     * @param log has the guest's name, such as {@code g7}
     * @param account what the guest takes of the things that guests share; the caller closes it, after the guest
     * @param channel an open channel; the guest owns it, unless this throws
     * @throws ErrnoException ENOSPC or ENOMEM if the kernel cannot watch the channel
     */
    Guest(
            GuestIdentity who,
            GuestLog log,
            SharedResources shared,
            GuestAccount account,
            Reactor reactor,
            Mover mover,
            ControlChannel channel)
            throws ErrnoException {
        this.name = log.guest();
        this.log = log;
        this.shared = shared;
        this.account = account;
        this.reactor = reactor;
        this.mover = mover;
        this.channel = channel;
        this.authorizer = new Authorizer(shared, who, reactor.kernel(), log);
        this.connections = new Connections(
                log,
                shared,
                account,
                reactor,
                mover,
                this::endIfNothingIsLeft,
                this::cutForItsPipes,
                this::pipesMayBeThere);
        this.listeners = new Listeners(this, authorizer, shared, account, reactor, connections);
        this.connects = new Connects(this, authorizer, shared, account, reactor, connections);
        this.replies =
                new Replies(reactor, channel, this::allRepliesSent, this::channelFailed, connections::guestEndsClosed);
        this.requests = new Requests(this, account, replies, reactor, channel);
        try {
            watchChannel();
        } catch (ErrnoException e) {
            requests.close();
            replies.close();
            connections.close();
            throw e;
        }
    }

    private void watchChannel() throws ErrnoException {
        boolean isOneDescriptor = channel.reader() == channel.writer();
        int events = EPOLLIN | EPOLLRDHUP | (isOneDescriptor ? EPOLLOUT : 0);
        ErrnoException.check("epoll_ctl", channel.reader().watch(events, (_, _) -> channelReady()));
        if (!isOneDescriptor)
            ErrnoException.check("epoll_ctl", channel.writer().watch(EPOLLOUT, (_, _) -> replies.flush()));
    }

    State state() {
        return state;
    }

    /** Returns the connects that have no reply yet. */
    Connects connects() {
        return connects;
    }

    /** Returns whether nothing of the guest is left. */
    public boolean hasEnded() {
        return state == State.ENDED;
    }

    /** Returns how many replies the guest has been sent. */
    public long repliesSent() {
        return replies.sent();
    }

    /** Returns what the guest has now, and what its loop has done for it. */
    public GuestSnapshot.Counts counts() {
        return new GuestSnapshot.Counts(
                listeners.count(),
                listeners.waitingAccepts(),
                connects.count(),
                connections.count(),
                reactor.rounds(),
                mover.calls(),
                mover.bytes());
    }

    // The control channel.

    private void channelReady() {
        replies.flush();
        requests.read();
    }

    private void allRepliesSent() {
        listeners.acceptConnections();
        requests.read();
        endIfNothingIsLeft();
    }

    /** Returns whether a request may be handled now. While a reply waits to be sent, no request is. */
    boolean mayAsk() {
        return (state == State.OPEN || state == State.STOPPING) && !replies.isBlocked();
    }

    /** Ends the channel, because the guest has broken the protocol. */
    void malformedFrame(ProtocolException e) {
        log.warn(() -> "malformed frame, so the monitor ends the session: " + e.getMessage());
        endChannel();
    }

    /**
     * Ends the channel, because no more requests can be read.
     *
     * @param errno why not; 0 if the guest has ended the channel in good order
     */
    void channelEnded(int errno) {
        LOG.debug("{}: the control channel ended{}", name, errno == 0 ? "" : ": " + Errno.describe(errno));
        endChannel();
    }

    private void channelFailed() {
        if (state == State.ENDED || state == State.DRAINING) return;
        LOG.debug("{}: the control channel failed: {}", name, Errno.describe(replies.failure()));
        endChannel();
    }

    // Requests.

    /** Handles one request. Its reply may come later. */
    void handle(int requestId, Request request) {
        if (state == State.STOPPING) {
            reply(requestId, request.refusal(Errno.ESHUTDOWN));
            return;
        }
        switch (request) {
            case ListenRequest(Endpoint at) -> listen(requestId, at);
            case ConnectRequest(Endpoint to) -> connects.connect(requestId, to);
            case AcceptRequest(int listenerId) -> accept(requestId, listenerId);
        }
    }

    /** Sends a reply that carries no descriptors. */
    void reply(int requestId, Reply reply) {
        replies.send(requestId, reply);
    }

    /** Sends a reply with the guest's ends of a data pipe. */
    void reply(int requestId, Reply reply, int pipeId, DataPipe pipe) {
        replies.send(requestId, reply, pipeId, pipe);
    }

    private void listen(int requestId, Endpoint at) {
        int denied = authorizer.deny(Operation.LISTEN, at);
        if (denied != 0) {
            reply(requestId, new ListenErr(denied));
        } else {
            long id = listeners.open(at);
            if (id >= 0) {
                LOG.debug("{}: listener {} on {}", name, id, at);
                reply(requestId, new ListenOk((int) id));
            } else {
                reply(requestId, new ListenErr((int) -id));
            }
        }
    }

    private void accept(int requestId, int listenerId) {
        int refused = listeners.accept(requestId, listenerId);
        if (refused != 0) acceptFailed(requestId, refused);
    }

    // Connections.

    /** Returns whether a connection that is accepted now can be handed to the guest. */
    boolean mayAccept() {
        return state == State.OPEN && replies.failure() == 0 && !replies.isBlocked();
    }

    /** Returns whether the guest may have one more connection. Those of handshakes in progress count, too. */
    boolean hasRoomForConnection() {
        return connections.count() + connects.count() < authorizer.limits().connections();
    }

    /** Hands a connection from a backlog to the guest. Takes ownership of the socket and the pipe. */
    void incoming(int requestId, int listenerId, Permission permission, Descriptor socket, AccountedPipe opened) {
        try {
            ConnectionReady ready = connections.start(listenerId, permission, Optional.empty(), socket, opened);
            replies.send(requestId, new IncomingConnection(ready), ready.pipe().pipeId(), opened.pipe());
        } catch (ErrnoException e) {
            reply(requestId, new AcceptErr(e.errno()));
        }
    }

    /** Refuses an AcceptRequest. */
    void acceptFailed(int requestId, int errno) {
        reply(requestId, new AcceptErr(errno));
    }

    /** Opens the pipes for which connections wait. */
    private void pipesMayBeThere() {
        connects.pipesMayBeThere();
        listeners.acceptConnections();
    }

    private void cutForItsPipes(long bytes) {
        log.report(new GuestEvent.PipesGrown(bytes));
        close();
    }

    // A policy that has changed.

    /** Judges what the guest has by the policy that is in force now. What that denies is reported, and ended if the profile says so. */
    public void reviewPolicy() {
        if (state == State.ENDED) return;
        boolean cut = authorizer.profile().onReload() == OnReload.CUT;
        List<Decision.Denied> denied = new ArrayList<>(connections.review(authorizer::review, cut));
        denied.addAll(listeners.review(authorizer::review, cut));
        denied.addAll(connects.review(authorizer::review, cut));
        Map<Decision.Denied, Integer> counts = new LinkedHashMap<>();
        denied.forEach(denial -> counts.merge(denial, 1, Integer::sum));
        counts.forEach((denial, count) -> log.report(new GuestEvent.NoLongerAllowed(denial, count, cut)));
    }

    // Ends.

    /** Refuses the requests that wait and those that come. Connections go on until they end, or {@link #close}. */
    public void stop() {
        if (state != State.OPEN) return;
        state = State.STOPPING;
        listeners.refuseAccepts(Errno.ESHUTDOWN);
        listeners.close();
        connects.refuseAll(Errno.ESHUTDOWN);
        endIfNothingIsLeft();
    }

    private void endChannel() {
        if (state == State.DRAINING || state == State.ENDED) return;
        state = State.DRAINING;
        listeners.close();
        connects.close();
        requests.close();
        replies.close();
        channel.close();
        becomeOrphan();
        endIfNothingIsLeft();
    }

    /** Gives back the guest's place. Its connections go on if there is room for another guest that is gone; else they are cut. */
    private void becomeOrphan() {
        long place = account.used(Resource.GUESTS); // none if the guest is embedded
        account.give(Resource.GUESTS, place);
        if (place == 0 || connections.count() == 0 || account.take(Resource.ORPHANS, 1) == 0) return;
        log.report(new GuestEvent.OrphanCut(connections.count()));
        connections.close();
    }

    private void endIfNothingIsLeft() {
        if (connections.count() > 0 || state == State.OPEN || state == State.ENDED) return;
        if (state == State.STOPPING && replies.isBlocked()) return; // the guest has yet to read refusals
        endChannel();
        state = State.ENDED;
    }

    /** Accepts the connections in the backlogs for which an AcceptRequest waits. Never waits. */
    public void pollAccepts() {
        listeners.pollAccepts();
    }

    /** Closes everything at once. A peer that has not received everything is reset. */
    @Override
    public void close() {
        endChannel();
        connections.close();
        state = State.ENDED;
    }
}
