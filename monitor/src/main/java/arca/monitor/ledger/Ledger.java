package arca.monitor.ledger;

import arca.bindings.Errno;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Hands out what the guests of a monitor share, so that no principal can take it all. A principal is the user, by uid, who
 * connected to the control socket. All guests of one user are one principal.
 *
 * <pre>
 * resource     total                          taken before         given back after     when there is none
 * GUESTS       Limits.guests                  the thread starts    the channel ends     the guest is refused
 * ORPHANS      Limits.guests                  the channel ends     the guest has ended  its connections are cut
 * DESCRIPTORS  RLIMIT_NOFILE, less what the   the call that opens  the close            EMFILE or ENFILE
 *              monitor has open itself, less
 *              the reserve
 * PIPE_BYTES   PipeAllowance                  the pipes open       the connection ends  pipes of two pages
 * COPY_BYTES   Limits.copyMemory              the read             the buffer is freed  a page at a time
 * </pre>
 *
 * A principal may have at most its share of each total: {@code Limits.share}. A request for more than the share is answered
 * with EMFILE, and for more than what is left of the total with ENFILE. The reserve is what the monitor itself needs later: it is
 * in no total, so the acceptor, the watchdog and the log work when everything else is used up.
 *
 * <p>A guest takes from its own {@link GuestAccount}, which only its thread touches. That takes from the account of the
 * principal in portions that grow with what the guest has. So most connections need no atomic operation here, and no byte
 * does. A lock is held only to open or to close an account.
 */
public final class Ledger {
    private static final Resource[] RESOURCES = Resource.values();
    private static final int PERCENT = 100;

    private final long[] totals = new long[RESOURCES.length];
    private final long[] shares = new long[RESOURCES.length];
    private final AtomicLongArray used = new AtomicLongArray(RESOURCES.length);
    private final Map<Integer, Principal> principals = new HashMap<>();

    /**
     * Creates a ledger of which nothing is taken.
     *
     * @param totals how much all guests together may have of each resource; 0 for one that is not in the map
     * @param sharePercent how much of each total one principal may have; 1 to 100
     */
    public Ledger(Map<Resource, Long> totals, int sharePercent) {
        if (sharePercent < 1 || sharePercent > PERCENT) {
            throw new IllegalArgumentException("a share is 1 to 100 percent, not " + sharePercent);
        }
        for (Resource resource : RESOURCES) {
            long total = totals.getOrDefault(resource, 0L);
            if (total < 0) throw new IllegalArgumentException("a total is 0 or more, not " + total + ": " + resource);
            this.totals[resource.ordinal()] = total;
            shares[resource.ordinal()] = Math.min(total, Math.max(resource.least, share(total, sharePercent)));
        }
    }

    private static long share(long total, int percent) {
        return total / PERCENT * percent + total % PERCENT * percent / PERCENT; // total * percent could overflow
    }

    /**
     * Opens an account for a guest. It has nothing yet.
     *
     * @param uid the principal
     * @return the account; the guest's thread owns it, and must close it
     */
    public synchronized GuestAccount open(int uid) {
        Principal principal = principals.computeIfAbsent(uid, Principal::new);
        principal.guests++;
        return new GuestAccount(this, principal);
    }

    synchronized void close(Principal principal) {
        if (--principal.guests == 0) principals.remove(principal.uid);
    }

    /** Returns how much all guests together may have of a resource. */
    public long total(Resource resource) {
        return totals[resource.ordinal()];
    }

    /** Returns how much one principal may have of a resource. */
    public long share(Resource resource) {
        return shares[resource.ordinal()];
    }

    /** Returns how much the guests have of a resource now, including portions that they have taken in advance. */
    public long used(Resource resource) {
        return used.get(resource.ordinal());
    }

    /** Takes an amount for a principal. Returns 0, or {@code -errno}: then nothing is taken. */
    int take(Principal principal, Resource resource, long amount) {
        int i = resource.ordinal();
        if (!add(principal.used, i, amount, shares[i])) return -Errno.EMFILE;
        if (add(used, i, amount, totals[i])) return 0;
        principal.used.addAndGet(i, -amount);
        return -Errno.ENFILE;
    }

    void give(Principal principal, Resource resource, long amount) {
        int i = resource.ordinal();
        used.addAndGet(i, -amount);
        principal.used.addAndGet(i, -amount);
    }

    /** Adds an amount, unless the sum would exceed a limit. Returns whether it did. */
    private static boolean add(AtomicLongArray sums, int i, long amount, long limit) {
        for (; ; ) {
            long sum = sums.get(i);
            if (amount > limit - sum) return false;
            if (sums.compareAndSet(i, sum, sum + amount)) return true;
        }
    }

    /** What the guests of one user have together. */
    static final class Principal {
        final int uid;
        final AtomicLongArray used = new AtomicLongArray(RESOURCES.length);
        private int guests; // open accounts; guarded by the ledger

        private Principal(int uid) {
            this.uid = uid;
        }
    }
}
