package arca.monitor.observe;

import java.time.Duration;
import java.util.Optional;

/**
 * Describes a guest at one moment. {@code Monitor.snapshot()} returns one for each guest.
 *
 * @param name the guest's name in the log, such as {@code g7}
 * @param pid the process that connected to the control socket: SO_PEERCRED, unix(7)
 * @param uid the user of that process
 * @param cpu CPU time of the guest's thread in the monitor; zero if the kernel does not report it
 * @param counts what the guest has and has done; empty if its loop did not answer in time, because it is stuck or is
 *     ending
 */
public record GuestSnapshot(String name, int pid, int uid, Duration cpu, Optional<Counts> counts) {
    /**
     * Counts what a guest has now, and what its loop has done since it began.
     *
     * @param listeners open listeners
     * @param waitingAccepts AcceptRequests without a reply
     * @param connecting TCP handshakes in progress
     * @param connections live connections, including those that the guest has closed and whose last bytes the peer has
     *     not acknowledged
     * @param turns rounds of the loop
     * @param moves calls that move bytes, such as splice(2), including those that found nothing to move
     * @param bytes bytes moved, in both directions of all connections together
     */
    public record Counts(
            int listeners, int waitingAccepts, int connecting, int connections, long turns, long moves, long bytes) {}
}
