package arca.monitor;

import arca.monitor.guest.GuestCounts;
import java.time.Duration;
import java.util.Optional;

/**
 * A guest at one moment.
 *
 * @param name what the log calls it, such as {@code g7}
 * @param pid the process that connected
 * @param uid its user
 * @param cpu what its thread in the monitor has used of a processor, as far as the kernel tells
 * @param counts empty where its loop did not answer in time: it is stuck, or ends just now
 */
public record GuestSnapshot(String name, int pid, int uid, Duration cpu, Optional<Counts> counts) {
    /**
     * What it has now, and what its loop has done since it began.
     *
     * @param listeners that are open
     * @param waitingAccepts AcceptRequests without a reply
     * @param connecting TCP handshakes under way
     * @param connections live ones, those that drain included
     * @param turns of the loop: how often it woke up or went on
     * @param moves calls that move bytes, such as splice(2), also those that found nothing to move
     * @param bytes moved, both directions of all its connections together
     */
    public record Counts(
            int listeners, int waitingAccepts, int connecting, int connections, long turns, long moves, long bytes) {
        static Counts of(GuestCounts counts) {
            return new Counts(
                    counts.listeners(),
                    counts.waitingAccepts(),
                    counts.connecting(),
                    counts.connections(),
                    counts.turns(),
                    counts.moves(),
                    counts.bytes());
        }
    }
}
