package arca.monitor.config;

import arca.monitor.observe.MonitorObserver;
import arca.monitor.policy.Policy;
import arca.monitor.resolve.Resolver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The settings of a monitor. Immutable; {@link #builder} makes one.
 *
 * @param control the Unix socket that guests connect to; empty for a monitor with guests in its own process only
 * @param access who may connect to that socket
 * @param controls more control sockets
 * @param profiles what holds for each guest: where it may connect and listen, and more
 * @param limits what guests may have
 * @param readiness how loops learn that a descriptor is ready
 * @param relay how bytes are moved
 * @param pipeSize bytes of each pipe that a guest is handed, as far as the system grants them
 * @param connectTimeout how long a TCP handshake may take before it is ETIMEDOUT
 * @param linger how long a peer may acknowledge nothing, once its guest has closed the connection, before it is cut
 * @param drain how long live connections may go on when the monitor stops
 * @param wedge what is done with a guest that keeps its own thread here from running
 * @param resolver finds the addresses of host names
 * @param observer who is told what happens with guests
 */
public record MonitorConfig(
        Optional<Path> control,
        ControlAccess access,
        List<ControlPoint> controls,
        Profiles profiles,
        Limits limits,
        Readiness readiness,
        RelayMode relay,
        int pipeSize,
        Duration connectTimeout,
        Duration linger,
        Duration drain,
        Wedge wedge,
        Resolver resolver,
        MonitorObserver observer) {

    private static final int LEAST_PIPE = 4096; // a page: F_SETPIPE_SZ gives no less
    private static final int MOST_PIPE = 1 << 30; // the largest power of two that F_SETPIPE_SZ can be asked for
    private static final Duration LONGEST = Duration.ofDays(1);

    /** Refuses what no monitor can do, with an IllegalArgumentException that says what would do. */
    public MonitorConfig {
        if (control.isPresent() && control.get().toString().isEmpty()) {
            throw new IllegalArgumentException("a control socket has a path that is not empty");
        }
        controls = List.copyOf(controls);
        long paths = Stream.concat(control.stream(), controls.stream().map(ControlPoint::path))
                .map(path -> path.toAbsolutePath().normalize())
                .distinct()
                .count();
        if (paths < controls.size() + control.stream().count()) {
            throw new IllegalArgumentException("each control socket has a path of its own");
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

    /** The defaults: see the {@link Builder}. */
    public static final MonitorConfig DEFAULT = builder().build();

    /**
     * Returns a builder that holds the defaults.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns a builder that holds this configuration.
     *
     * @return a new builder
     */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.control = control;
        builder.access = access;
        builder.controls = controls;
        builder.profiles = profiles;
        builder.limits = limits;
        builder.readiness = readiness;
        builder.relay = relay;
        builder.pipeSize = pipeSize;
        builder.connectTimeout = connectTimeout;
        builder.linger = linger;
        builder.drain = drain;
        builder.wedge = wedge;
        builder.resolver = resolver;
        builder.observer = observer;
        return builder;
    }

    /**
     * Collects the settings of a monitor. Each setter sets the component of its name and returns the builder. {@link #build}
     * checks them. One thread at a time.
     */
    public static final class Builder {
        private Optional<Path> control = Optional.empty();
        private ControlAccess access = ControlAccess.OWNER;
        private List<ControlPoint> controls = List.of();
        private Profiles profiles = Profiles.same(Policy.NOTHING);
        private Limits limits = Limits.DEFAULT;
        private Readiness readiness = Readiness.EPOLL;
        private RelayMode relay = RelayMode.SPLICE;
        private int pipeSize = 256 * 1024;
        private Duration connectTimeout = Duration.ofSeconds(30);
        private Duration linger = Duration.ofMinutes(5);
        private Duration drain = Duration.ofSeconds(10);
        private Wedge wedge = Wedge.REPORT;
        private Resolver resolver = Resolver.SYSTEM;
        private MonitorObserver observer = MonitorObserver.LOGGING;

        private Builder() {}

        /**
         * Sets {@link MonitorConfig#control}.
         *
         * @param control the path of the control socket; the default is to have none
         * @return this builder
         */
        public Builder control(Path control) {
            this.control = Optional.of(control);
            return this;
        }

        /**
         * Sets {@link MonitorConfig#access}.
         *
         * @param access who may connect to the control socket; the default is the monitor's own user alone
         * @return this builder
         */
        public Builder access(ControlAccess access) {
            this.access = access;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#controls}.
         *
         * @param controls more control sockets, which can be replaced while the monitor runs; the default is to have none
         * @return this builder
         */
        public Builder controls(List<ControlPoint> controls) {
            this.controls = controls;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#profiles} to one policy for all guests.
         *
         * @param policy where guests may connect and listen; the default is nowhere
         * @return this builder
         */
        public Builder policy(Policy policy) {
            return profiles(Profiles.same(policy));
        }

        /**
         * Sets {@link MonitorConfig#profiles}.
         *
         * @param profiles what holds for each guest; the default allows nothing
         * @return this builder
         */
        public Builder profiles(Profiles profiles) {
            this.profiles = profiles;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#limits}.
         *
         * @param limits what guests may have; the default is {@link Limits#DEFAULT}
         * @return this builder
         */
        public Builder limits(Limits limits) {
            this.limits = limits;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#readiness}.
         *
         * @param readiness how loops learn that a descriptor is ready; the default is epoll
         * @return this builder
         */
        public Builder readiness(Readiness readiness) {
            this.readiness = readiness;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#relay}.
         *
         * @param relay how bytes are moved; the default is splice(2)
         * @return this builder
         */
        public Builder relay(RelayMode relay) {
            this.relay = relay;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#pipeSize}.
         *
         * @param pipeSize bytes of each pipe that a guest is handed, 4096 to 1 GiB; the default is 256 KiB
         * @return this builder
         */
        public Builder pipeSize(int pipeSize) {
            this.pipeSize = pipeSize;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#connectTimeout}.
         *
         * @param connectTimeout how long a TCP handshake may take, at most a day; the default is 30 seconds
         * @return this builder
         */
        public Builder connectTimeout(Duration connectTimeout) {
            this.connectTimeout = connectTimeout;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#linger}.
         *
         * @param linger how long a peer may acknowledge nothing after its guest has closed; the default is 5 minutes
         * @return this builder
         */
        public Builder linger(Duration linger) {
            this.linger = linger;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#drain}.
         *
         * @param drain how long connections may go on when the monitor stops; the default is 10 seconds
         * @return this builder
         */
        public Builder drain(Duration drain) {
            this.drain = drain;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#wedge}.
         *
         * @param wedge what is done with a guest that stops its own thread; the default is to report it
         * @return this builder
         */
        public Builder wedge(Wedge wedge) {
            this.wedge = wedge;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#resolver}.
         *
         * @param resolver finds the addresses of host names; the default asks as the programs of this host do
         * @return this builder
         */
        public Builder resolver(Resolver resolver) {
            this.resolver = resolver;
            return this;
        }

        /**
         * Sets {@link MonitorConfig#observer}.
         *
         * @param observer who is told what happens with guests; the default logs it
         * @return this builder
         */
        public Builder observer(MonitorObserver observer) {
            this.observer = observer;
            return this;
        }

        /**
         * Builds the configuration. The builder can be used again.
         *
         * @return the configuration
         * @throws IllegalArgumentException if no monitor can do what was set; the message says what it can do
         */
        public MonitorConfig build() {
            return new MonitorConfig(
                    control,
                    access,
                    controls,
                    profiles,
                    limits,
                    readiness,
                    relay,
                    pipeSize,
                    connectTimeout,
                    linger,
                    drain,
                    wedge,
                    resolver,
                    observer);
        }
    }
}
