package arca.monitor.ledger;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.function.LongSupplier;

/**
 * The local ports that the guests of one user have in use, by destination. A port is in use from before its handshake until the
 * kernel has freed it, which may be long after the guest has ended.
 *
 * <p>Memory is bounded, whatever the guests do: there is one entry for each destination with a port in use, and one for each port
 * in TIME_WAIT. Open connections are bounded by their descriptors. Ports in TIME_WAIT are bounded by
 * {@link LocalPorts#mostInTimeWait}, as they are in the kernel. Entries whose time is over are removed by the next call.
 *
 * <p>Any thread. No system call is made with the lock held, and only guests of one user wait for each other.
 */
final class Ports {
    /** A port that the kernel keeps until a time of the clock. */
    private record Wait(SocketAddress.Inet to, long end) {}

    private final LocalPorts local;
    private final int share;
    private final LongSupplier clock;
    private final Map<SocketAddress.Inet, Integer> used = new HashMap<>(); // no entry is 0
    private final ArrayDeque<Wait> waits = new ArrayDeque<>(); // in the order of their ends
    private final ArrayDeque<Wait> waitsOnLoopback = new ArrayDeque<>(); // these are shorter

    /**
     * Creates an object that has no port.
     *
     * @param share how many ports may be in use for one destination
     */
    Ports(LocalPorts local, int share, LongSupplier clock) {
        this.local = local;
        this.share = share;
        this.clock = clock;
    }

    /** Takes a port. Returns 0, or -EADDRNOTAVAIL at the share. */
    synchronized int take(SocketAddress.Inet to) {
        endWaits();
        int n = used.getOrDefault(to, 0);
        if (n >= share) return -Errno.EADDRNOTAVAIL;
        used.put(to, n + 1);
        return 0;
    }

    /** Gives back ports that the kernel has freed. */
    synchronized void give(SocketAddress.Inet to, int count) {
        used.computeIfPresent(to, (_, n) -> n > count ? n - count : null);
    }

    /** Gives back a port when the kernel will have freed it: it is in TIME_WAIT from now on. */
    synchronized void giveLater(SocketAddress.Inet to) {
        endWaits();
        if (waits.size() + waitsOnLoopback.size() >= local.mostInTimeWait()) {
            give(to, 1); // the kernel does the same
        } else {
            Queue<Wait> queue = LocalPorts.isOnLoopback(to) ? waitsOnLoopback : waits;
            queue.add(new Wait(to, clock.getAsLong() + local.timeWait(to)));
        }
    }

    private void endWaits() {
        long now = clock.getAsLong();
        endWaits(waits, now);
        endWaits(waitsOnLoopback, now);
    }

    private void endWaits(Queue<Wait> queue, long now) {
        for (Wait first; (first = queue.peek()) != null && first.end - now <= 0; queue.remove()) give(first.to, 1);
    }

    /** Returns how many ports are in use for a destination. */
    synchronized int used(SocketAddress.Inet to) {
        endWaits();
        return used.getOrDefault(to, 0);
    }

    /** Returns for how many destinations a port is in use. */
    synchronized int destinations() {
        endWaits();
        return used.size();
    }

    /** Returns whether the kernel keeps any port after the end of its connection. */
    synchronized boolean hasWaits() {
        long now = clock.getAsLong();
        return !isOver(waits.peekLast(), now) || !isOver(waitsOnLoopback.peekLast(), now);
    }

    private static boolean isOver(Wait last, long now) {
        return last == null || last.end - now <= 0;
    }
}
