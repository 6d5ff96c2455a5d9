package arca.monitor;

import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The guests of a monitor that count: from before their thread starts until it has ended, those that drain included. With
 * them, the eventfds that wake their loops, which are used again and never closed while the monitor runs, so that a late
 * wake-up is harmless. Any thread; no lock is held across anything that a guest could prolong.
 */
final class Guests {
    private final Limits limits;
    private final Set<GuestThread> live = new LinkedHashSet<>();
    private final List<GuestThread> ended = new ArrayList<>();
    private final Set<EmbeddedGuest> embedded = new LinkedHashSet<>();
    private final Map<Integer, Integer> ofUid = new HashMap<>();
    private final Queue<EventFd> bells = new ArrayDeque<>();
    private int reserved;
    private boolean stopped;
    private boolean closed;

    Guests(Limits limits) {
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

    /** An eventfd for a new guest. */
    EventFd bell() throws ErrnoException {
        synchronized (this) {
            if (!bells.isEmpty()) return bells.remove();
        }
        return EventFd.open();
    }

    /** Takes one back that nobody uses any more. */
    synchronized void pool(EventFd bell) {
        if (closed) bell.close();
        else bells.add(bell);
    }

    synchronized void add(GuestThread guest) {
        live.add(guest);
    }

    synchronized void remove(GuestThread guest) {
        if (live.remove(guest)) ended.add(guest);
    }

    /** Takes one back that was added, but never started. */
    synchronized void forget(GuestThread guest) {
        live.remove(guest);
    }

    /** Those that have ended since this was last asked: what the watchdog had of them is to be closed. */
    synchronized List<GuestThread> takeEnded() {
        List<GuestThread> taken = List.copyOf(ended);
        ended.clear();
        return taken;
    }

    /** Adds a guest whose loop somebody else drives; false once {@link #stopEmbedded} was called. */
    synchronized boolean add(EmbeddedGuest guest) {
        return !stopped && embedded.add(guest);
    }

    synchronized void remove(EmbeddedGuest guest) {
        embedded.remove(guest);
    }

    /** Lets no more embedded guests in: those there are. */
    synchronized List<EmbeddedGuest> stopEmbedded() {
        stopped = true;
        return List.copyOf(embedded);
    }

    synchronized List<GuestThread> live() {
        return List.copyOf(live);
    }

    /** Waits until no place is taken; false if the time is over before. */
    synchronized boolean awaitNone(long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        for (long left = nanos; reserved > 0; left = deadline - System.nanoTime()) {
            if (left <= 0) return false;
            TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
        }
        return true;
    }

    /** Waits so long, whatever guests do meanwhile, or until {@link #close}: whether that has come. */
    synchronized boolean awaitClosed(long millis) {
        long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
        long deadline = System.nanoTime() + nanos;
        try {
            for (long left = nanos; !closed && left > 0; left = deadline - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
        return closed;
    }

    /** The monitor runs no more: frees the pool, of which nobody has a part now. */
    synchronized void close() {
        closed = true;
        bells.forEach(EventFd::close);
        bells.clear();
        notifyAll();
    }
}
