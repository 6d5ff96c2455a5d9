package arca.monitor.server;

import arca.bindings.ErrnoException;
import arca.monitor.config.Headroom;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.PrincipalId;
import arca.monitor.ledger.Resource;
import arca.monitor.reactor.Waker;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the guests of a monitor, from before their threads start until they have ended. It also keeps some wakers of
 * ended guests for new ones. Any thread; no lock is held during anything that a guest could prolong.
 */
public final class Guests {
    /** How many wakers are kept for new guests. Their descriptors are in no account, so there are few. */
    private static final int POOLED = 16;

    private final Ledger ledger;
    private final Set<GuestThread> live = new LinkedHashSet<>();
    private final Queue<Waker> wakers = new ArrayDeque<>();
    private final AtomicLong number = new AtomicLong(); // of the guest that came last
    private int reserved;
    private boolean cut;
    private boolean closed;

    public Guests(Ledger ledger) {
        this.ledger = ledger;
    }

    /**
     * Takes a place for a guest of a principal, and the descriptors that every guest needs. {@link #release} gives both back. Returns
     * an account for the guest; empty at a limit.
     *
     * @param most how many guests the principal may have
     */
    Optional<GuestAccount> reserve(PrincipalId id, int most) {
        GuestAccount account = ledger.open(id);
        if (account.usedByPrincipal(Resource.GUESTS) < most && account.take(Resource.GUESTS, 1) == 0) {
            if (account.take(Resource.DESCRIPTORS, Headroom.GUEST) == 0) {
                synchronized (this) {
                    reserved++;
                }
                return Optional.of(account);
            }
            account.give(Resource.GUESTS, 1);
        }
        account.close();
        return Optional.empty();
    }

    /** Returns the name of the next guest: g1, g2 and so on, over all control sockets. */
    String nextName() {
        return "g" + number.incrementAndGet();
    }

    /** Closes the account of a guest that has ended, and gives back its place. */
    void release(GuestAccount account) {
        account.close(); // with its place, and the descriptors that every guest needs
        synchronized (this) {
            reserved--;
            notifyAll();
        }
    }

    /** Returns a waker for a new guest. */
    Waker waker() throws ErrnoException {
        synchronized (this) {
            if (!wakers.isEmpty()) return wakers.remove();
        }
        return Waker.open();
    }

    /** Takes back a waker that nobody uses any more. */
    synchronized void pool(Waker waker) {
        if (closed || wakers.size() >= POOLED) waker.close();
        else wakers.add(waker);
    }

    synchronized void add(GuestThread guest) {
        live.add(guest);
        notifyAll();
    }

    synchronized void remove(GuestThread guest) {
        live.remove(guest);
    }

    public synchronized List<GuestThread> live() {
        return List.copyOf(live);
    }

    /** Waits until no place is taken, or until {@link #cut}. Returns whether no place is taken. */
    public synchronized boolean awaitDrained(long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        for (long left = nanos; reserved > 0 && !cut && left > 0; left = deadline - System.nanoTime()) await(left);
        return reserved == 0;
    }

    /** Ends {@link #awaitDrained}, now and from now on. */
    public synchronized void cut() {
        cut = true;
        notifyAll();
    }

    /** Waits until no place is taken. Returns false if the time is over first. */
    public synchronized boolean awaitNone(long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        for (long left = nanos; reserved > 0 && left > 0; left = deadline - System.nanoTime()) await(left);
        return reserved == 0;
    }

    /**
     * Waits until it is time for the next look at the guests' threads. While there are no guests, it waits until one comes.
     * Returns false after {@link #close}.
     */
    synchronized boolean awaitLook(long millis) {
        try {
            while (live.isEmpty() && !closed) wait();
            long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
            long deadline = System.nanoTime() + nanos;
            for (long left = nanos; !closed && left > 0; left = deadline - System.nanoTime()) await(left);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
        return !closed;
    }

    private void await(long nanos) throws InterruptedException {
        TimeUnit.NANOSECONDS.timedWait(this, Math.max(nanos, 1_000_000));
    }

    /** Closes the wakers. The monitor has ended, and nobody uses one. */
    public synchronized void close() {
        closed = true;
        wakers.forEach(Waker::close);
        wakers.clear();
        notifyAll();
    }
}
