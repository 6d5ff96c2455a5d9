package arca.monitor.ledger;

import arca.bindings.SocketAddress;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;

/**
 * What one guest has of the things that guests share. It takes them from its principal in portions: for four connections at once, or
 * an eighth of what the guest has, and it keeps what it gives back up to such a portion. So most connections need no atomic operation,
 * and a guest holds back little from the others of its principal: see {@link Principal#ahead}. One thread at a time.
 */
public final class GuestAccount implements AutoCloseable {
    private static final int ADVANCE =
            8; // a portion is at most this part of what the guest has, or for so many connections:
    private static final long CONNECTIONS = 4;
    private static final int KEEP = 4; // if more than this part of what the guest has is free, some is given back
    private static final int LOCALHOST = 0x7f000001;
    private static final int MOST_REQUESTS = 256; // in a portion
    private static final int PORTIONS = 100; // per second, at least: a portion is not worth a long wait

    private final Principal principal;
    private final long[] used = new long[Resource.values().length];
    private final long[] free = new long[used.length]; // taken from the principal, but not used
    private final long[] largest = new long[used.length]; // the largest amount that was taken at once: for a connection
    private final Map<SocketAddress.Inet, Integer> ports = new HashMap<>(); // in use, by destination; no entry is 0

    private final int mostRequests; // in a portion
    private long requestsTaken; // from the principal
    private int requests; // taken, but not used

    GuestAccount(Principal principal, long requestRate) {
        this.principal = principal;
        this.mostRequests = Math.clamp(requestRate / PORTIONS, 1, MOST_REQUESTS);
    }

    /** Returns what the guests of the same user have together. */
    public Principal principal() {
        return principal;
    }

    /** Returns how much of a resource the guest uses. */
    public long used(Resource resource) {
        return used[resource.ordinal()];
    }

    /** Returns how much of a resource all guests of the principal have, including what they have taken in advance. */
    public long usedByPrincipal(Resource resource) {
        return principal.used(resource);
    }

    /**
     * Takes an amount of a resource.
     *
     * @param amount 0 or more, in the resource's unit
     * @return 0, or {@code -errno} if nothing was taken: -EMFILE at the principal's share, -ENFILE at the total
     */
    public int take(Resource resource, long amount) {
        int i = resource.ordinal();
        long missing = amount - free[i];
        if (missing > 0) {
            long portion = Math.max(Math.max(missing, (used[i] + amount) / ADVANCE), ahead(resource, amount));
            int n = principal.take(resource, portion);
            if (n != 0 && portion > missing) n = principal.take(resource, portion = missing);
            if (n != 0) return n;
            free[i] += portion;
        }
        free[i] -= amount;
        used[i] += amount;
        largest[i] = Math.max(largest[i], amount);
        return 0;
    }

    /**
     * Takes an amount that the guest has already, because it needed no leave of the monitor. It may be past the share and the total.
     */
    public void charge(Resource resource, long amount) {
        principal.charge(resource, amount);
        used[resource.ordinal()] += amount;
    }

    /** Gives back an amount that {@link #take} or {@link #charge} has taken. */
    public void give(Resource resource, long amount) {
        int i = resource.ordinal();
        if (amount > used[i]) {
            throw new IllegalStateException(resource + ": gives back " + amount + ", and has " + used[i]);
        }
        used[i] -= amount;
        free[i] += amount;
        long keep = Math.max(used[i] / KEEP, ahead(resource, largest[i]));
        if (free[i] > keep) settle(resource, keep / 2);
    }

    /** Returns what the guest may hold for its next connections, each of which takes an amount. */
    private long ahead(Resource resource, long amount) {
        return Math.min(CONNECTIONS * amount, principal.ahead(resource));
    }

    /** Gives back to the principal what is free, but for an amount. */
    private void settle(Resource resource, long keep) {
        int i = resource.ordinal();
        principal.give(resource, free[i] - keep);
        free[i] = keep;
    }

    /**
     * Takes a local port for a connection to a destination.
     *
     * @return 0, or -EADDRNOTAVAIL if the principal's share of the ports is in use
     */
    public int takePort(SocketAddress.Inet to) {
        SocketAddress.Inet destination = destination(to);
        int n = principal.ports.take(destination);
        if (n == 0) ports.merge(destination, 1, Integer::sum);
        return n;
    }

    /**
     * Gives back a local port that {@link #takePort} has taken, after its socket is closed.
     *
     * @param isKept whether the kernel keeps the port for a while: TIME_WAIT. Then it counts until that is over, even if the
     *     guest has ended by then
     */
    public void givePort(SocketAddress.Inet to, boolean isKept) {
        SocketAddress.Inet destination = destination(to);
        Integer n = ports.get(destination);
        if (n == null) throw new IllegalStateException("gives back a local port to " + to + ", and has none");
        if (n == 1) ports.remove(destination);
        else ports.put(destination, n - 1);
        if (isKept) principal.ports.giveLater(destination);
        else principal.ports.give(destination, 1);
    }

    /** Returns how many local ports the guest uses, without those that the kernel keeps after their connections. */
    public int ports() {
        return ports.values().stream().mapToInt(n -> n).sum();
    }

    /** Returns how many local ports all guests of the principal use for a destination, and those that the kernel keeps. */
    public int portsOfPrincipal(SocketAddress.Inet to) {
        return principal.ports.used(destination(to));
    }

    /** Returns the destination as the kernel sees it. A connect to 0.0.0.0 goes to 127.0.0.1, one to :: goes to ::1. */
    private static SocketAddress.Inet destination(SocketAddress.Inet to) {
        if (!to.address().isAnyLocalAddress()) return to;
        return switch (to) {
            case SocketAddress.IPv4 _ -> new SocketAddress.IPv4(LOCALHOST, to.port());
            case SocketAddress.IPv6 _ -> new SocketAddress.IPv6((Inet6Address) InetAddress.ofLiteral("::1"), to.port());
        };
    }

    /**
     * Takes leave to handle one request.
     *
     * @return how many nanoseconds to wait before it is handled; 0 if it may be handled now
     */
    public long takeRequest() {
        if (requests-- > 0) return 0;
        int portion = Math.clamp(requestsTaken / ADVANCE, 1, mostRequests);
        requestsTaken += portion;
        requests = portion - 1;
        return principal.requests.take(portion);
    }

    /** Gives back everything, also what a failure of the monitor has left. The account must not be used any more. */
    @Override
    public void close() {
        for (Resource resource : Resource.values()) {
            int i = resource.ordinal();
            free[i] += used[i];
            used[i] = 0;
            if (free[i] > 0) settle(resource, 0);
        }
        ports.forEach(principal.ports::give);
        ports.clear();
        principal.requests.putBack(requests);
        requests = 0;
        principal.close();
    }
}
