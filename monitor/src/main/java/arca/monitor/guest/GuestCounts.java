package arca.monitor.guest;

/**
 * Counts what a guest has now, and what its loop has done since it began.
 *
 * @param listeners listeners that are open
 * @param waitingAccepts AcceptRequests without a reply
 * @param connecting TCP handshakes in progress
 * @param connections live connections, including those that linger
 * @param turns rounds of the loop
 * @param moves calls that move bytes, such as splice(2), including those that found nothing to move
 * @param bytes bytes moved in both directions of all connections together
 */
public record GuestCounts(
        int listeners, int waitingAccepts, int connecting, int connections, long turns, long moves, long bytes) {}
