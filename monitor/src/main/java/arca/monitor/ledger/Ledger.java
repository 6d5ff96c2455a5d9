package arca.monitor.ledger;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;

/**
 * Hands out what the guests of a monitor share, so that no principal can take it all. A principal is the label of the
 * guest's profile, or else the user, by uid, who connected to the control socket. All guests of one label, and all other guests of
 * one user, are one principal.
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
 * LOOKUPS      the resolver's threads         the name is queued   the resolver returns EMFILE or ENFILE
 * local ports  LocalPorts, for each           socket(2) of a       the kernel has       EADDRNOTAVAIL
 *              destination                    connect              freed the port
 *
 * What a guest has enlarged of its pipes is charged to it when it is found.
 *
 * rate         total                          taken before         when there is none
 * requests     Limits.requestRate             a request is handled the guest's requests are read later
 * guest starts 2,000 per second               the thread starts    the guest is refused
 * log lines    100 at once, 2 per second      a line is formatted  the line is left out, and counted
 * </pre>
 *
 * A principal may have at most its share of each total: {@code Limits.share}. A request for more than the share is answered
 * with EMFILE, and for more than what is left of the total with ENFILE. A rate has a share, too, as a bucket of tokens. The
 * reserve is what the monitor itself needs later: it is in no total, so the acceptor, the watchdog and the log work when
 * everything else is used up.
 *
 * <p>A guest takes from its own {@link GuestAccount}, which only its thread touches. That takes from the account of the
 * principal in portions: for four connections, or more if the guest has many. It keeps that much of what it gives back. So a
 * connection that comes and goes needs no atomic operation here, and no byte does. A lock is held only to find a principal, to open
 * or to close an account, and for a moment to count a local port. A principal without guests is forgotten once its rates have
 * recovered, the kernel has freed its ports and its lookups have ended; so nobody gets a new share by connecting again.
 */
public final class Ledger {
    private static final Resource[] RESOURCES = Resource.values();
    private static final int PERCENT = 100;
    private static final long SECOND = 1_000_000_000; // in nanoseconds
    private static final int REQUEST_BURSTS = 4; // a user's requests come at once as far as for a fourth of a second
    private static final int GUEST_STARTS = 2_000; // per second
    private static final int LOG_LINES = 100; // at once
    private static final long NANOS_PER_LOG_LINE = SECOND / 2;
    private static final int FEW = 64; // so many principals are not worth a search for those to forget

    private final long[] totals = new long[RESOURCES.length];
    private final long[] shares = new long[RESOURCES.length];
    private final AtomicLongArray used = new AtomicLongArray(RESOURCES.length);
    private final Map<PrincipalId, Principal> principals = new HashMap<>();
    private int forgetAt = FEW; // so many principals are worth a search
    private final LongSupplier clock;
    private final int sharePercent;
    private final long requestRate; // of one principal, per second
    private final LocalPorts ports;
    private final int portShare; // for one destination
    final TokenBucket logLines;

    /**
     * Creates a ledger of which nothing is taken.
     *
     * @param totals how much all guests together may have of each resource; 0 for one that is not in the map
     * @param ports the local ports that there are for each destination; a share of 100 percent has no limit but the kernel's
     * @param requestRate how many requests per second all guests together may send
     * @param sharePercent how much of each total one principal may have; 1 to 100
     * @param clock tells the time, as {@link System#nanoTime} does
     */
    public Ledger(
            Map<Resource, Long> totals, LocalPorts ports, long requestRate, int sharePercent, LongSupplier clock) {
        if (requestRate < 1) throw new IllegalArgumentException("a rate is 1 or more, not " + requestRate);
        if (sharePercent < 1 || sharePercent > PERCENT) {
            throw new IllegalArgumentException("a share is 1 to 100 percent, not " + sharePercent);
        }
        for (Resource resource : RESOURCES) {
            long total = totals.getOrDefault(resource, 0L);
            if (total < 0) throw new IllegalArgumentException("a total is 0 or more, not " + total + ": " + resource);
            this.totals[resource.ordinal()] = total;
            shares[resource.ordinal()] = Math.min(total, Math.max(resource.least, share(total, sharePercent)));
        }
        this.clock = clock;
        this.sharePercent = sharePercent;
        this.requestRate = Math.clamp(share(requestRate, sharePercent), 1, SECOND);
        this.ports = ports;
        this.portShare =
                sharePercent == PERCENT ? Integer.MAX_VALUE : (int) Math.max(1, share(ports.count(), sharePercent));
        this.logLines = new TokenBucket(clock, NANOS_PER_LOG_LINE, LOG_LINES);
    }

    private static long share(long total, int percent) {
        return total / PERCENT * percent + total % PERCENT * percent / PERCENT; // total * percent could overflow
    }

    /**
     * Opens an account for a guest. It has nothing yet.
     *
     * @param id the principal
     * @return the account; the guest's thread owns it, and must close it
     */
    public synchronized GuestAccount open(PrincipalId id) {
        Principal principal = principal(id);
        principal.guests++;
        return new GuestAccount(principal, requestRate);
    }

    /** Returns what the guests of a principal have together, also if it has none now. */
    public synchronized Principal principal(PrincipalId id) {
        if (principals.size() >= forgetAt) {
            principals.values().removeIf(Principal::isForgettable);
            forgetAt = Math.max(FEW, 2 * principals.size());
        }
        return principals.computeIfAbsent(id, _ -> newPrincipal());
    }

    /** Returns how many principals the ledger knows. */
    synchronized int principals() {
        return principals.size();
    }

    private Principal newPrincipal() {
        TokenBucket requests = new TokenBucket(clock, SECOND / requestRate, Math.max(1, requestRate / REQUEST_BURSTS));
        TokenBucket lines = new TokenBucket(
                clock, NANOS_PER_LOG_LINE * PERCENT / sharePercent, Math.max(1, share(LOG_LINES, sharePercent)));
        long rate = Math.max(1, share(GUEST_STARTS, sharePercent));
        TokenBucket starts = new TokenBucket(clock, SECOND / rate, rate);
        return new Principal(this, requests, lines, starts, new Ports(ports, portShare, clock));
    }

    synchronized void close(Principal principal) {
        principal.guests--;
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

    /** Takes an amount from the total. Returns whether there was so much. */
    boolean take(Resource resource, long amount) {
        return add(used, resource, amount, total(resource));
    }

    void charge(Resource resource, long amount) {
        used.addAndGet(resource.ordinal(), amount);
    }

    void give(Resource resource, long amount) {
        used.addAndGet(resource.ordinal(), -amount);
    }

    /** Takes leave to log one line. Returns false at the limit of all guests. */
    boolean takeLogLine() {
        return logLines.tryTake();
    }

    /** Adds an amount to what is used, unless the sum would exceed a limit. Returns whether it did. */
    static boolean add(AtomicLongArray sums, Resource resource, long amount, long limit) {
        int i = resource.ordinal();
        for (; ; ) {
            long sum = sums.get(i);
            if (amount > limit - sum) return false;
            if (sums.compareAndSet(i, sum, sum + amount)) return true;
        }
    }
}
