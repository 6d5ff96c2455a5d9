package arca.monitor.config;

import arca.monitor.policy.Policy;
import java.io.IOException;
import java.util.List;

/**
 * What guests may have. A request beyond it is refused with a true errno, and the guest lives.
 *
 * @param connections live connections of one guest
 * @param listeners listeners of one guest
 * @param waitingAccepts AcceptRequests of one guest without a reply
 * @param connecting TCP handshakes of one guest under way
 * @param guests guests of the monitor, those that drain included
 * @param guestsPerUid guests of one user
 * @param pipeMemory bytes that all pipes of the monitor may take before new ones are made small; 0 for what
 *     fs.pipe-user-pages-soft gives
 */
public record Limits(
        int connections,
        int listeners,
        int waitingAccepts,
        int connecting,
        int guests,
        int guestsPerUid,
        long pipeMemory) {
    /** 8192 connections, 256 listeners, 4096 waiting accepts and 256 handshakes a guest; 512 guests, 256 of one user. */
    public static final Limits DEFAULT = new Limits(8192, 256, 4096, 256, 512, 256, 0);

    /** Refuses less than one of anything: what guests shall not do at all is the {@link Policy}'s. */
    public Limits {
        atLeast(1, "connections", connections);
        atLeast(1, "listeners", listeners);
        atLeast(1, "waitingAccepts", waitingAccepts);
        atLeast(1, "connecting", connecting);
        atLeast(1, "guests", guests);
        atLeast(1, "guestsPerUid", guestsPerUid);
        atLeast(0, "pipeMemory", pipeMemory);
    }

    /**
     * What the system gives this process too little of for these limits: descriptors, room in pipes. A monitor runs all
     * the same, and a guest that comes so far is told EMFILE, or has small pipes.
     *
     * @return a sentence for each, which says what to raise
     * @throws IOException if the system's own limits cannot be read
     */
    public List<String> shortfalls() throws IOException {
        return Headroom.shortfalls(this);
    }

    private static void atLeast(int least, String name, long value) {
        if (value < least) throw new IllegalArgumentException(name + " is at least " + least + ", not " + value);
    }
}
