package arca.monitor;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a monitor is told at its start. Immutable; {@link #DEFAULT} and the {@code with} methods make one.
 *
 * @param control the Unix socket that guests connect to; empty for a monitor with guests in its own process only
 * @param policy where guests may connect and listen
 * @param limits what guests may have
 * @param readiness how loops learn that a descriptor is ready
 * @param relay how bytes are moved
 * @param pipeSize bytes of each pipe that a guest is handed, as far as the system grants them
 * @param connectTimeout how long a TCP handshake may take before it is ETIMEDOUT
 * @param drain how long live connections may go on when the monitor stops
 * @param wedge what is done with a guest that keeps its own thread here from running
 */
public record MonitorConfig(
        Optional<Path> control,
        Policy policy,
        Limits limits,
        Readiness readiness,
        Relay relay,
        int pipeSize,
        Duration connectTimeout,
        Duration drain,
        Wedge wedge) {

    /** How a loop learns that a descriptor is ready. */
    public enum Readiness {
        /** epoll(7), edge-triggered. */
        EPOLL,
        /** poll(2), of the side that blocked alone. */
        POLL
    }

    /** How bytes are moved. */
    public enum Relay {
        /** splice(2): they never enter the process. */
        SPLICE,
        /** read(2) and write(2), through a buffer. */
        COPY
    }

    /** What is done with a guest that holds the lock of a pipe which the monitor must touch. */
    public enum Wedge {
        /** It is logged. */
        REPORT,
        /** It is logged and killed, where the kernel lets the monitor. */
        KILL
    }

    /** Nothing allowed, usual limits, 256 KiB pipes, 30 seconds to connect and 10 to drain. */
    public static final MonitorConfig DEFAULT = new MonitorConfig(
            Optional.empty(),
            Policy.NOTHING,
            Limits.DEFAULT,
            Readiness.EPOLL,
            Relay.SPLICE,
            256 * 1024,
            Duration.ofSeconds(30),
            Duration.ofSeconds(10),
            Wedge.REPORT);
}
