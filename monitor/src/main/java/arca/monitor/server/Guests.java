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
 * The guests of a monitor that count: from before their thread starts until it has ended, those that drain included. With
 * them, the wakers that wake their loops, which are used again. Any thread; no lock is held across anything that a guest
 * could prolong.
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
     * Takes a place for a guest of a user: true, or false at a limit. {@link #release} gives it back.
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

    /** A waker for a new guest. */
    Waker waker() throws ErrnoException {
        synchronized (this) {
            if (!wakers.isEmpty()) return wakers.remove();
        }
        return Waker.open();
    }

    /** Takes one back that nobody uses any more. */
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

    /** Waits until no place is taken, or somebody wants no more waiting; whether no place is. */
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

    /** Waits until no place is taken; false if the time is over before. */
    public synchronized boolean awaitNone(long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        for (long left = nanos; reserved > 0 && left > 0; left = deadline - System.nanoTime()) await(left);
        return reserved == 0;
    }

    /**
     * Waits for the time of the next look at guests' threads: so long while there are guests, and without end while there
     * are none. False once {@link #close} was called.
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

    /** The monitor runs no more: frees the pool, of which nobody has a part now. */
    public synchronized void close() {
        closed = true;
        wakers.forEach(Waker::close);
        wakers.clear();
        notifyAll();
    }
}
