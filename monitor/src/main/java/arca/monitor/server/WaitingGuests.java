package arca.monitor.server;

import arca.bindings.Fd;
import arca.monitor.config.GuestIdentity;
import arca.monitor.guest.GuestLog;
import arca.monitor.ledger.GuestAccount;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;

/**
 * Holds guests that were accepted and have no thread yet. Users take turns, because to start a thread takes far longer than to
 * accept, and the kernel's backlog has one order for all. Each guest has its place in the ledger already, so a user has as many
 * here as it has places, at most. For the acceptor's thread.
 */
final class WaitingGuests {
    /**
     * A guest that waits for its thread.
     *
     * @param account has its place
     * @param socket its control socket
     */
    record Waiting(GuestLog log, GuestIdentity who, GuestAccount account, Fd socket) {}

    private final Map<Integer, Queue<Waiting>> users =
            new LinkedHashMap<>(); // by uid, who is next comes first; no queue is empty

    boolean isEmpty() {
        return users.isEmpty();
    }

    void add(Waiting guest) {
        users.computeIfAbsent(guest.who().uid(), _ -> new ArrayDeque<>()).add(guest);
    }

    /** Removes the guest whose turn it is. There must be one. */
    Waiting remove() {
        Iterator<Map.Entry<Integer, Queue<Waiting>>> first = users.entrySet().iterator();
        Map.Entry<Integer, Queue<Waiting>> user = first.next();
        int uid = user.getKey();
        Queue<Waiting> guests = user.getValue();
        first.remove();
        Waiting next = guests.remove();
        if (!guests.isEmpty()) users.put(uid, guests); // behind the others
        return next;
    }
}
