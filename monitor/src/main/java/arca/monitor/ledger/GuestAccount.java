package arca.monitor.ledger;

/**
 * What one guest has of the things that guests share. It takes them from its principal in portions: with each step, up to an
 * eighth of what the guest has is taken in advance. So a guest with many connections seldom needs an atomic operation, and a
 * guest with few holds back little from the others of its principal. One thread at a time.
 */
public final class GuestAccount implements AutoCloseable {
    private static final int ADVANCE = 8; // a portion is at most this part of what the guest has
    private static final int KEEP = 4; // if more than this part of what the guest has is free, some is given back
    private static final int MOST_REQUESTS = 256; // in a portion
    private static final int PORTIONS = 100; // per second, at least: a portion is not worth a long wait

    private final Principal principal;
    private final long[] used = new long[Resource.values().length];
    private final long[] free = new long[used.length]; // taken from the principal, but not used

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
            long portion = Math.max(missing, (used[i] + amount) / ADVANCE);
            int n = principal.take(resource, portion);
            if (n != 0 && portion > missing) n = principal.take(resource, portion = missing);
            if (n != 0) return n;
            free[i] += portion;
        }
        free[i] -= amount;
        used[i] += amount;
        return 0;
    }

    /** Gives back an amount that {@link #take} has taken. */
    public void give(Resource resource, long amount) {
        int i = resource.ordinal();
        if (amount > used[i]) {
            throw new IllegalStateException(resource + ": gives back " + amount + ", and has " + used[i]);
        }
        used[i] -= amount;
        free[i] += amount;
        long keep = used[i] / KEEP;
        if (free[i] > keep) settle(resource, keep / 2);
    }

    /** Gives back to the principal what is free, but for an amount. */
    private void settle(Resource resource, long keep) {
        int i = resource.ordinal();
        principal.give(resource, free[i] - keep);
        free[i] = keep;
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
        principal.requests.putBack(requests);
        requests = 0;
        principal.close();
    }
}
