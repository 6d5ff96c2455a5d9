package arca.monitor.config;

import arca.monitor.policy.Policy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a monitor is told at its start. Immutable; {@link #DEFAULT} and the {@code with} methods make one.
 *
 * @param control the Unix socket that guests connect to; empty for a monitor with guests in its own process only
 * @param access who may connect to that socket
 * @param policy where guests may connect and listen
 * @param limits what guests may have
 * @param readiness how loops learn that a descriptor is ready
 * @param relay how bytes are moved
 * @param pipeSize bytes of each pipe that a guest is handed, as far as the system grants them
 * @param connectTimeout how long a TCP handshake may take before it is ETIMEDOUT
 * @param linger how long a peer may acknowledge nothing, once its guest has closed the connection, before it is cut
 * @param drain how long live connections may go on when the monitor stops
 * @param wedge what is done with a guest that keeps its own thread here from running
 */
public record MonitorConfig(
        Optional<Path> control,
        ControlAccess access,
        Policy policy,
        Limits limits,
        Readiness readiness,
        RelayMode relay,
        int pipeSize,
        Duration connectTimeout,
        Duration linger,
        Duration drain,
        Wedge wedge) {

    private static final int LEAST_PIPE = 4096; // a page: F_SETPIPE_SZ gives no less
    private static final int MOST_PIPE = 1 << 30; // the largest power of two that F_SETPIPE_SZ can be asked for
    private static final Duration LONGEST = Duration.ofDays(1);

    /** Refuses what no monitor can do, with an IllegalArgumentException that says what would do. */
    public MonitorConfig {
        if (control.isPresent() && control.get().toString().isEmpty()) {
            throw new IllegalArgumentException("a control socket has a path that is not empty");
        }
        if (pipeSize < LEAST_PIPE || pipeSize > MOST_PIPE) {
            throw new IllegalArgumentException("a pipe has 4096 bytes to 1024 MiB, not " + pipeSize + " bytes");
        }
        if (!connectTimeout.isPositive() || connectTimeout.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("a handshake may take more than 0 seconds and at most a day");
        }
        if (linger.isNegative() || linger.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("the linger time is 0 seconds to a day");
        }
        if (drain.isNegative() || drain.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("connections may go on for 0 seconds to a day");
        }
    }

    /** How a loop learns that a descriptor is ready. */
    public enum Readiness {
        /** epoll(7), edge-triggered. */
        EPOLL,
        /** poll(2), of the side that blocked alone. */
        POLL
    }

    /** How the monitor moves bytes between pipes and sockets. */
    public enum RelayMode {
        /** splice(2): the bytes never enter the process. */
        SPLICE,
        /** read(2) and write(2), through a buffer. */
        COPY
    }

    /** What is done with a guest that holds the lock of a pipe which the monitor must touch. */
    public enum Wedge {
        /** It is logged, with the processes that have the pipe open. */
        REPORT,
        /**
         * It is logged, and those of the processes are killed that are of the user who connected: never root's, nor one that
         * this process descends from, nor one that this process cannot see to have the pipe open.
         */
        KILL
    }

    /** Nothing allowed, usual limits, 256 KiB pipes, 30 seconds to connect, 5 minutes to linger and 10 seconds to drain. */
    public static final MonitorConfig DEFAULT = new MonitorConfig(
            Optional.empty(),
            ControlAccess.OWNER,
            Policy.NOTHING,
            Limits.DEFAULT,
            Readiness.EPOLL,
            RelayMode.SPLICE,
            256 * 1024,
            Duration.ofSeconds(30),
            Duration.ofMinutes(5),
            Duration.ofSeconds(10),
            Wedge.REPORT);

    /**
     * {@return this, with another {@link #control}}
     *
     * @param control the other one
     */
    public MonitorConfig withControl(Path control) {
        return new MonitorConfig(
                Optional.of(control),
                access,
                policy,
                limits,
                readiness,
                relay,
                pipeSize,
                connectTimeout,
                linger,
                drain,
                wedge);
    }

    /**
     * {@return this, with another {@link #access}}
     *
     * @param access the other one
     */
    public MonitorConfig withAccess(ControlAccess access) {
        return new MonitorConfig(
                control, access, policy, limits, readiness, relay, pipeSize, connectTimeout, linger, drain, wedge);
    }

    /**
     * {@return this, with another {@link #policy}}
     *
     * @param policy the other one
     */
    public MonitorConfig withPolicy(Policy policy) {
        return new MonitorConfig(
                control, access, policy, limits, readiness, relay, pipeSize, connectTimeout, linger, drain, wedge);
    }

    /**
     * {@return this, with another {@link #limits}}
     *
     * @param limits the other one
     */
    public MonitorConfig withLimits(Limits limits) {
        return new MonitorConfig(
                control, access, policy, limits, readiness, relay, pipeSize, connectTimeout, linger, drain, wedge);
    }

    /**
     * {@return this, with another {@link #readiness}}
     *
     * @param readiness the other one
     */
    public MonitorConfig withReadiness(Readiness readiness) {
        return new MonitorConfig(
                control, access, policy, limits, readiness, relay, pipeSize, connectTimeout, linger, drain, wedge);
    }

    /**
     * {@return this, with another {@link #relay}}
     *
     * @param relay the other one
     */
    public MonitorConfig withRelay(RelayMode relay) {
        return new MonitorConfig(
                control, access, policy, limits, readiness, relay, pipeSize, connectTimeout, linger, drain, wedge);
    }

    /**
     * {@return this, with another {@link #pipeSize}}
     *
     * @param pipeSize the other one
     */
    public MonitorConfig withPipeSize(int pipeSize) {
        return new MonitorConfig(
                control, access, policy, limits, readiness, relay, pipeSize, connectTimeout, linger, drain, wedge);
    }

    /**
     * {@return this, with another {@link #connectTimeout}}
     *
     * @param connectTimeout the other one
     */
    public MonitorConfig withConnectTimeout(Duration connectTimeout) {
        return new MonitorConfig(
                control, access, policy, limits, readiness, relay, pipeSize, connectTimeout, linger, drain, wedge);
    }

    /**
     * {@return this, with another {@link #linger}}
     *
     * @param linger the other one
     */
    public MonitorConfig withLinger(Duration linger) {
        return new MonitorConfig(
                control, access, policy, limits, readiness, relay, pipeSize, connectTimeout, linger, drain, wedge);
    }

    /**
     * {@return this, with another {@link #drain}}
     *
     * @param drain the other one
     */
    public MonitorConfig withDrain(Duration drain) {
        return new MonitorConfig(
                control, access, policy, limits, readiness, relay, pipeSize, connectTimeout, linger, drain, wedge);
    }

    /**
     * {@return this, with another {@link #wedge}}
     *
     * @param wedge the other one
     */
    public MonitorConfig withWedge(Wedge wedge) {
        return new MonitorConfig(
                control, access, policy, limits, readiness, relay, pipeSize, connectTimeout, linger, drain, wedge);
    }
}
