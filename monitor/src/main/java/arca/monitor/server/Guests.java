package arca.monitor.server;

import arca.bindings.ErrnoException;
import arca.monitor.config.Limits;
import arca.monitor.reactor.Waker;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Counts the guests of a monitor, from before their threads start until they have ended. It also keeps the wakers of ended
 * guests for new ones. Any thread; no lock is held during anything that a guest could prolong.
 */
public final class Guests {
    private final Limits limits;
    private final Set<GuestThread> live = new LinkedHashSet<>();
    private final Map<Integer, Integer> ofUid = new HashMap<>();
    private final Queue<Waker> wakers = new ArrayDeque<>();
    private int reserved;
    private boolean cut;
    private boolean closed;

    public Guests(Limits limits) {
        this.limits = limits;
    }

    /**
     * Takes a place for a guest of a user. {@link #release} gives it back. Returns false at a limit.
     */
    synchronized boolean reserve(int uid) {
        if (reserved >= limits.guests() || ofUid.getOrDefault(uid, 0) >= limits.guestsPerUid()) return false;
        reserved++;
        ofUid.merge(uid, 1, Integer::sum);
        return true;
    }

    synchronized void release(int uid) {
        reserved--;
        ofUid.computeIfPresent(uid, (_, n) -> n == 1 ? null : n - 1);
        notifyAll();
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
        if (closed) waker.close();
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
