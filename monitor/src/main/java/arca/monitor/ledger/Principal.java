package arca.monitor.ledger;

import arca.bindings.Errno;
import java.util.concurrent.atomic.AtomicLongArray;

/** What the guests of one user, or of one label, have together. Any thread. */
public final class Principal {
    private static final int AHEAD = 4; // this part of the share may be held by guests that do not use it

    private final Ledger ledger;
    private final AtomicLongArray used = new AtomicLongArray(Resource.values().length);
    final TokenBucket requests;
    final Ports ports;
    private final TokenBucket logLines;
    private final TokenBucket guestStarts;
    int guests; // open accounts; guarded by the ledger

    Principal(Ledger ledger, TokenBucket requests, TokenBucket logLines, TokenBucket guestStarts, Ports ports) {
        this.ledger = ledger;
        this.requests = requests;
        this.logLines = logLines;
        this.guestStarts = guestStarts;
        this.ports = ports;
    }

    /** Returns how much of a resource the guests have, including what they have taken in advance. */
    long used(Resource resource) {
        return used.get(resource.ordinal());
    }

    /**
     * Returns how much each guest may hold of a resource without using it, so that it need not come here for each connection. As many
     * guests as the principal may have hold at most a fourth of the share in this way.
     */
    long ahead(Resource resource) {
        if (!resource.isOfConnections) return 0;
        return ledger.share(resource) / AHEAD / Math.max(ledger.share(Resource.GUESTS), 1);
    }

    /** Takes an amount. Returns 0, or {@code -errno}: then nothing is taken. */
    public int take(Resource resource, long amount) {
        if (!Ledger.add(used, resource, amount, ledger.share(resource))) return -Errno.EMFILE;
        if (ledger.take(resource, amount)) return 0;
        used.addAndGet(resource.ordinal(), -amount);
        return -Errno.ENFILE;
    }

    /** Adds an amount that the guests have taken already, also past their share and the total. */
    void charge(Resource resource, long amount) {
        used.addAndGet(resource.ordinal(), amount);
        ledger.charge(resource, amount);
    }

    /** Gives back an amount that {@link #take} has taken. */
    public void give(Resource resource, long amount) {
        ledger.give(resource, amount);
        used.addAndGet(resource.ordinal(), -amount);
    }

    /** Takes leave to start a guest. Returns false if guests of this user start too often. */
    public boolean takeGuestStart() {
        return guestStarts.tryTake();
    }

    /** Takes leave to log one line about a guest. Returns false at the limit of this user, or of all. */
    public boolean takeLogLine() {
        if (!logLines.tryTake()) return false;
        if (ledger.takeLogLine()) return true;
        logLines.putBack(1);
        return false;
    }

    /** Closes the account of one of the guests. */
    void close() {
        ledger.close(this);
    }

    /** Returns whether a new object would be the same as this one. The caller holds the ledger's lock. */
    boolean isForgettable() {
        return guests == 0
                && requests.isFull()
                && logLines.isFull()
                && guestStarts.isFull()
                && !ports.hasWaits()
                && used(Resource.LOOKUPS) == 0;
    }
}
