package arca.monitor.guest;

import arca.bindings.Errno;
import arca.control.Endpoint;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.ledger.Resource;
import arca.monitor.policy.Decision.Denied;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The listeners of a guest, and how many AcceptRequests wait for their connections. Loop thread only. */
final class Listeners implements AutoCloseable {
    private final Guest guest;
    private final SharedResources shared;
    private final GuestAccount account;
    private final Authorizer authorizer;
    private final Reactor reactor;
    private final Connections connections;
    private final Map<Integer, Listener> open = new HashMap<>();
    private int waitingAccepts;

    /** Creates an empty set. */
    Listeners(
            Guest guest,
            Authorizer authorizer,
            SharedResources shared,
            GuestAccount account,
            Reactor reactor,
            Connections connections) {
        this.guest = guest;
        this.shared = shared;
        this.account = account;
        this.authorizer = authorizer;
        this.reactor = reactor;
        this.connections = connections;
    }

    /** Returns how many listeners are open. */
    int count() {
        return open.size();
    }

    /** Returns how many AcceptRequests wait. */
    int waitingAccepts() {
        return waitingAccepts;
    }

    /**
     * Opens a listener.
     *
     * @return its id, u32, or {@code -errno}: EMFILE at the guest's limit or its principal's share, ENFILE at the total, or the
     *     error of the first system call that failed
     */
    long open(Endpoint at) {
        if (open.size() >= authorizer.limits().listeners()) return -Errno.EMFILE;
        int reserved = account.take(Resource.DESCRIPTORS, 1);
        if (reserved < 0) return reserved;
        int id = shared.listenerIds.take();
        Listener listener = new Listener(id, Permission.listen(at), this, reactor);
        int n = listener.open(Authorizer.address(at));
        if (n < 0) {
            shared.listenerIds.release(id);
            account.give(Resource.DESCRIPTORS, 1);
            return n;
        }
        open.put(id, listener);
        return Integer.toUnsignedLong(id);
    }

    /**
     * Gives an AcceptRequest to a listener, which answers it as soon as there is a connection for it.
     *
     * @return 0, or why the request is refused: EBADF if there is no such listener, ENOBUFS at the guest's limit
     */
    int accept(int requestId, int listenerId) {
        Listener listener = open.get(listenerId);
        if (listener == null) return Errno.EBADF;
        if (waitingAccepts >= authorizer.limits().waitingAccepts()) return Errno.ENOBUFS;
        waitingAccepts++;
        listener.accept(requestId);
        return 0;
    }

    /** Accepts the connections for which a request waits and which have stayed in the backlogs. */
    void acceptConnections() {
        open.values().forEach(Listener::acceptConnections);
    }

    /** Accepts the connections for which a request waits, whether or not an event has announced them. */
    void pollAccepts() {
        open.values().forEach(Listener::backlogReady);
    }

    // Called by a listener.

    /** Returns whether a connection that is accepted now can be handed to the guest. */
    boolean mayAccept() {
        return guest.mayAccept();
    }

    /** Opens a data pipe for the next connection, before accept4(2) takes it. Returns 0, or {@code -errno} at a limit; EAGAIN if there is no pipe yet. */
    int prepareAccept() {
        return guest.hasRoomForConnection() ? connections.openSpare() : -Errno.EMFILE;
    }

    /** Hands a connection from a backlog to the guest. Takes ownership of the socket. */
    void accepted(int requestId, Listener listener, Descriptor socket) {
        waitingAccepts--;
        guest.incoming(requestId, listener.id(), listener.permission(), socket, connections.takeSpare());
    }

    /** Refuses an AcceptRequest that has waited. */
    void acceptFailed(int requestId, int errno) {
        waitingAccepts--;
        if (waitingAccepts == 0) connections.closeSpare();
        guest.acceptFailed(requestId, errno);
    }

    /**
     * Judges each listener again.
     *
     * @param judge returns why a listener is denied
     * @param cut whether listeners that are denied are closed; then the AcceptRequests that wait for them are refused: EACCES
     * @return a denial for each listener that is denied
     */
    List<Denied> review(Function<Permission, Optional<Denied>> judge, boolean cut) {
        List<Denied> denied = new ArrayList<>();
        for (Listener listener : List.copyOf(open.values())) {
            Optional<Denied> denial = judge.apply(listener.permission());
            denial.ifPresent(denied::add);
            if (cut && denial.isPresent() && open.remove(listener.id()) != null) {
                listener.refuse(Errno.EACCES);
                close(listener);
            }
        }
        return denied;
    }

    // Ends.

    /** Refuses every AcceptRequest that waits. */
    void refuseAccepts(int errno) {
        open.values().forEach(listener -> listener.refuse(errno));
    }

    /** Closes every listener, and drops the AcceptRequests that wait. */
    @Override
    public void close() {
        waitingAccepts = 0;
        connections.closeSpare();
        for (Listener listener : open.values()) close(listener);
        open.clear();
    }

    private void close(Listener listener) {
        listener.close();
        shared.listenerIds.release(listener.id());
        account.give(Resource.DESCRIPTORS, 1);
    }
}
