package arca.monitor.ledger;

/** A kind of thing that all guests of a monitor share. {@link Ledger} says how each is handed out. */
public enum Resource {
    /** Guests whose control channel is open. Each has a thread. */
    GUESTS(1, false),

    /** Guests whose control channel has ended, while their connections go on. Each has a thread. */
    ORPHANS(1, false),

    /** Descriptors of the monitor's process: getrlimit(2), RLIMIT_NOFILE. */
    DESCRIPTORS(10, true),

    /** Bytes that pipes may hold: pipe(7), "Pipe capacity". */
    PIPE_BYTES(0, true),

    /** Bytes in buffers between the reads and the writes of relays that copy. */
    COPY_BYTES(0, false),

    /** Threads that resolve host names. */
    LOOKUPS(1, false);

    /** The least that a share is, as far as the total allows: what one guest with one connection needs. */
    final long least;

    /** Whether each connection takes some of it. Then a guest takes it for several connections at once. */
    final boolean isOfConnections;

    Resource(long least, boolean isOfConnections) {
        this.least = least;
        this.isOfConnections = isOfConnections;
    }
}
