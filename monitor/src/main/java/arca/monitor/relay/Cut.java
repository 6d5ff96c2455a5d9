package arca.monitor.relay;

import arca.monitor.reactor.Kernel;

/** Why the monitor has cut a connection by itself. */
public sealed interface Cut {
    /** {@return the peer, as {@link Kernel#getpeername} has it} */
    long peer();

    /**
     * The kernel refused to move bytes, though the connection was sound: a seccomp filter, or a fault that nobody foresaw.
     *
     * @param peer as {@link #peer}
     * @param way how they were to be moved
     * @param errno why not
     */
    record Refused(long peer, Mover.Way way, int errno) implements Cut {}

    /**
     * The guest had closed the connection, and the peer acknowledged nothing during the linger time.
     *
     * @param peer as {@link #peer}
     * @param bytes that TCP had and the peer has not acknowledged
     */
    record Unacknowledged(long peer, int bytes) implements Cut {}
}
