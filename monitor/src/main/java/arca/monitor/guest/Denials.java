package arca.monitor.guest;

import arca.control.Endpoint;
import arca.monitor.policy.Decision.Denied;
import arca.monitor.policy.Destination;
import arca.monitor.policy.Operation;
import java.util.HashSet;
import java.util.Set;

/**
 * Remembers what a guest was denied, so that each denial is reported once, and a limited number of them: a guest must not be able
 * to fill the log. A denial of an IPv4 address that is not reported allocates nothing here. Loop thread only.
 */
final class Denials {
    /** How many denials of one guest are reported. */
    static final int MOST = 100;

    private final long[] addresses = new long[MOST]; // keys of denials of IPv4 addresses
    private int ofAddresses; // how many keys there are
    private final Set<Other> others = new HashSet<>();

    private record Other(Operation operation, Destination destination) {}

    /** Returns whether a denial would be reported: it is new, and there were not too many before. */
    boolean isNew(Operation operation, Endpoint endpoint) {
        if (isFull()) return false;
        if (!endpoint.isIpv4()) return !others.contains(new Other(operation, Destination.of(endpoint)));
        long key = key(operation, endpoint);
        for (int i = 0; i < ofAddresses; i++) if (addresses[i] == key) return false;
        return true;
    }

    /** Returns whether a denial would be reported. */
    boolean isNew(Denied denied) {
        return !isFull() && !others.contains(new Other(denied.operation(), denied.destination()));
    }

    /** Remembers a denial that {@link #isNew}. */
    void add(Denied denied) {
        Destination to = denied.destination();
        boolean isIpv4 = to.name().isEmpty() && to.address().orElseThrow().isIpv4();
        if (isIpv4) {
            Endpoint endpoint = new Endpoint(to.address().orElseThrow(), to.port());
            addresses[ofAddresses++] = key(denied.operation(), endpoint);
        } else {
            others.add(new Other(denied.operation(), to));
        }
    }

    /** Returns whether as many denials were reported as may be. */
    boolean isFull() {
        return ofAddresses + others.size() >= MOST;
    }

    private static long key(Operation operation, Endpoint endpoint) {
        return endpoint.low() << Integer.SIZE | (long) operation.ordinal() << Short.SIZE | endpoint.port();
    }
}
