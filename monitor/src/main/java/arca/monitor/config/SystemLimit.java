package arca.monitor.config;

import java.util.OptionalInt;

/**
 * A limit of the system that is too low for the {@link Limits} of a monitor. The monitor runs all the same. The text of each is
 * a sentence that says how much is needed, and how much there is. It names no setting, because each embedder has other names
 * for them.
 */
public sealed interface SystemLimit {
    /** What does not fit. */
    enum Demand {
        /** One guest that has as much as {@link Limits} allow. It must fit into the share of one user. */
        ONE_GUEST,
        /** As many guests as {@link Limits} allow, each with one connection. They must fit into the total. */
        ALL_GUESTS
    }

    /**
     * The process may have too few descriptors: getrlimit(2), RLIMIT_NOFILE. A guest that needs more gets EMFILE or ENFILE.
     *
     * @param demand what does not fit
     * @param needed how many descriptors it needs
     * @param granted how many there are for it
     * @param enough a limit of the process at which it fits
     * @param share the lowest {@link Limits#share} at which it fits; empty if no share is enough
     * @param limits the limits that need so many
     */
    record Descriptors(Demand demand, long needed, long granted, long enough, OptionalInt share, Limits limits)
            implements SystemLimit {
        @Override
        public String toString() {
            return switch (demand) {
                case ONE_GUEST ->
                    "one guest with " + limits.connections() + " connections, " + limits.listeners() + " listeners and "
                            + limits.connecting() + " handshakes needs " + needed
                            + " descriptors, and the guests of one user may have " + granted;
                case ALL_GUESTS ->
                    limits.guests() + " guests with one connection each need " + needed
                            + " descriptors, and all guests may have " + granted;
            };
        }
    }

    /**
     * The kernel does not let the pipes of this user hold as much as configured.
     *
     * @param configured bytes of all pipes
     * @param granted bytes that the kernel grants
     */
    record PipeMemory(long configured, long granted) implements SystemLimit {
        @Override
        public String toString() {
            return "all pipes may hold " + configured
                    + " bytes by the configuration, and the kernel lets the pipes of this user hold " + granted;
        }
    }

    /**
     * There is too little pipe memory. Further pipes are small.
     *
     * @param demand what does not fit
     * @param needed bytes that it needs: all guests for pipes of the configured size, one guest for pipes of 64 KiB or more
     * @param granted bytes that there are for it
     * @param bound what sets that number
     * @param enough how many bytes all pipes must be allowed to hold, so that it fits
     * @param share the lowest {@link Limits#share} at which it fits; empty if no share is enough
     * @param limits the limits that need so much
     */
    record Pipes(
            Demand demand,
            long needed,
            long granted,
            PipeAllowance.Bound bound,
            long enough,
            OptionalInt share,
            Limits limits)
            implements SystemLimit {
        @Override
        public String toString() {
            return switch (demand) {
                case ONE_GUEST ->
                    "one guest with " + limits.connections() + " connections needs " + needed
                            + " bytes of pipe memory, and the guests of one user may have " + granted;
                case ALL_GUESTS ->
                    limits.guests() + " guests with one connection each need " + needed
                            + " bytes of pipe memory, and all guests may have " + granted;
            };
        }
    }

    /**
     * There may be too few threads. A guest for which there is none is refused.
     *
     * @param needed how many the monitor needs for as many guests as {@link Limits} allow, those that are gone, and itself
     * @param granted how many there may be
     * @param bound what sets that number
     * @param limits the limits that need so many
     */
    record Threads(long needed, long granted, ThreadAllowance.Bound bound, Limits limits) implements SystemLimit {
        @Override
        public String toString() {
            String who = switch (bound) {
                case USER -> "this user";
                case CGROUP -> "this cgroup";
            };
            return limits.guests() + " guests, and as many that are gone while their connections go on, need " + needed
                    + " threads, and " + who + " may have " + granted;
        }
    }
}
