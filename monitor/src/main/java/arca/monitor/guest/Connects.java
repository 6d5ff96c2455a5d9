package arca.monitor.guest;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.ConnectionReady;
import arca.control.Endpoint;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.monitor.guest.Connections.AccountedPipe;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.policy.Decision.Denied;
import arca.monitor.policy.HostName;
import arca.monitor.policy.Operation;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntConsumer;

/** The connects of a guest that have no reply yet: names that are being resolved, and TCP handshakes. Loop thread only. */
final class Connects implements AutoCloseable {
    private final Guest guest;
    private final Authorizer authorizer;
    private final SharedResources shared;
    private final GuestAccount account;
    private final Reactor reactor;
    private final Connections connections;
    private final Set<NameConnect> names = new LinkedHashSet<>();
    private final Set<PendingConnect> handshakes = new LinkedHashSet<>();

    /** Creates an empty set. */
    Connects(
            Guest guest,
            Authorizer authorizer,
            SharedResources shared,
            GuestAccount account,
            Reactor reactor,
            Connections connections) {
        this.guest = guest;
        this.authorizer = authorizer;
        this.shared = shared;
        this.account = account;
        this.reactor = reactor;
        this.connections = connections;
    }

    /** Returns how many there are. */
    int count() {
        return names.size() + handshakes.size();
    }

    /** Connects to an address. The guest gets one reply. */
    void connect(int requestId, Endpoint to) {
        int refused = authorizer.deny(Operation.CONNECT, to);
        if (refused == 0) refused = limit();
        if (refused == 0) {
            long timeout = shared.config.connectTimeout().toNanos();
            refused = -start(requestId, Permission.connect(to), timeout, errno -> refuse(requestId, errno));
        }
        if (refused != 0) refuse(requestId, refused);
    }

    /**
     * Connects to a host name. The guest gets one reply: a connection, or ENOENT if the name has no address, EACCES if the policy
     * denies the name or all of its addresses, or the error of the last address that was tried.
     */
    void connect(int requestId, HostName name, int port) {
        int refused = authorizer.deny(name, port);
        if (refused == 0) refused = limit();
        if (refused == 0) {
            NameConnect connect = new NameConnect(this, authorizer, reactor, requestId, name, port);
            refused = -connect.start(
                    shared.lookups,
                    account.principal(),
                    shared.config.connectTimeout().toNanos());
            if (refused == 0) names.add(connect);
        }
        if (refused != 0) refuse(requestId, refused);
    }

    /** Returns 0, or the errno at a limit of the guest: EMFILE for connections, ENOBUFS for connects. */
    private int limit() {
        if (!guest.hasRoomForConnection()) return Errno.EMFILE;
        return count() >= authorizer.limits().connecting() ? Errno.ENOBUFS : 0;
    }

    /** Tells the guest that a connect has failed. */
    void refuse(int requestId, int errno) {
        guest.reply(requestId, new ConnectErr(errno));
    }

    // Called by a connect by name.

    /** Notes that a name is resolved, or that nobody has answered. */
    void resolved(NameConnect connect) {
        names.remove(connect);
    }

    /**
     * Starts a handshake.
     *
     * @param timeoutNanos nanoseconds until it fails with ETIMEDOUT
     * @param onFailure gets the errno if the handshake fails later
     * @return 0, or {@code -errno} if it cannot be started
     */
    int start(int requestId, Permission permission, long timeoutNanos, IntConsumer onFailure) {
        int n = connections.reserve();
        if (n < 0) return n;
        PendingConnect handshake = new PendingConnect(this, account, requestId, permission, onFailure, reactor);
        n = handshake.start(timeoutNanos);
        if (n < 0) {
            connections.cancel();
            return n;
        }
        handshakes.add(handshake);
        return 0;
    }

    // Called by a handshake.

    /**
     * Hands a connection to the guest, because its handshake has succeeded. Takes ownership of the socket and the
     * local port.
     *
     * @return false if there is no pipe for it yet. The socket is then still the caller's, who is told later:
     *     {@link PendingConnect#pipeMayBeThere}
     */
    boolean connected(PendingConnect handshake, Descriptor socket) {
        AccountedPipe opened;
        try {
            opened = connections.openPipe();
        } catch (ErrnoException e) {
            handshake.close();
            failed(handshake, e.errno());
            return true;
        }
        if (opened == Connections.LATER) return false;
        handshakes.remove(handshake);
        try {
            ConnectionReady ready = connections.start(
                    ConnectionReady.NO_LISTENER, handshake.permission(), Optional.of(handshake.to()), socket, opened);
            guest.reply(
                    handshake.requestId(), new ConnectOk(ready), ready.pipe().pipeId(), opened.pipe());
        } catch (ErrnoException e) {
            refuse(handshake.requestId(), e.errno());
        }
        return true;
    }

    /** Ends a handshake that has failed, and is closed. Who has started it decides what the guest is told. */
    void failed(PendingConnect handshake, int errno) {
        remove(handshake);
        handshake.onFailure().accept(errno);
    }

    private void remove(PendingConnect handshake) {
        handshakes.remove(handshake);
        connections.cancel();
    }

    // Called by the guest.

    /** Opens the pipes for which connections wait. */
    void pipesMayBeThere() {
        List.copyOf(handshakes).forEach(PendingConnect::pipeMayBeThere);
    }

    /**
     * Judges each handshake again. Names that are being resolved are judged when there is an answer.
     *
     * @param judge returns why a handshake is denied
     * @param cut whether handshakes that are denied end: EACCES
     * @return a denial for each handshake that is denied
     */
    List<Denied> review(Function<Permission, Optional<Denied>> judge, boolean cut) {
        List<Denied> denied = new ArrayList<>();
        for (PendingConnect handshake : List.copyOf(handshakes)) {
            Optional<Denied> denial = judge.apply(handshake.permission());
            denial.ifPresent(denied::add);
            if (cut && denial.isPresent() && handshakes.contains(handshake)) refuse(handshake, Errno.EACCES);
        }
        return denied;
    }

    /** Refuses every connect. */
    void refuseAll(int errno) {
        for (NameConnect connect : List.copyOf(names)) {
            connect.cancel();
            if (names.remove(connect)) refuse(connect.requestId(), errno);
        }
        for (PendingConnect handshake : List.copyOf(handshakes)) {
            if (handshakes.contains(handshake)) refuse(handshake, errno);
        }
    }

    private void refuse(PendingConnect handshake, int errno) {
        handshake.close();
        remove(handshake);
        refuse(handshake.requestId(), errno);
    }

    /** Drops every connect. The guest is not told. */
    @Override
    public void close() {
        names.forEach(NameConnect::cancel);
        names.clear();
        for (PendingConnect handshake : List.copyOf(handshakes)) {
            handshake.close();
            remove(handshake);
        }
    }
}
