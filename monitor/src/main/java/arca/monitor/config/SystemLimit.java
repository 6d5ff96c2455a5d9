package arca.monitor.config;

/**
 * A limit of the system that is too low for the {@link Limits} of a monitor. The monitor runs all the same. The text of each is
 * a sentence that says what is missing. It names no setting, because each embedder has other names for them.
 */
public sealed interface SystemLimit {
    /**
     * The process may have too few descriptors: getrlimit(2), RLIMIT_NOFILE. A guest that needs more gets EMFILE.
     *
     * @param needed how many it takes if one guest has as many connections as it may have, and there are as many guests
     * @param granted how many the process may have
     * @param limits the limits that need so many
     */
    record Descriptors(long needed, long granted, Limits limits) implements SystemLimit {
        @Override
        public String toString() {
            return "one guest with " + limits.connections() + " connections, beside " + limits.guests()
                    + " guests, needs " + needed + " descriptors, and this process may have " + granted;
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
                    + " bytes by the configuration, and the kernel lets the pipes of this" + " user hold " + granted;
        }
    }

    /**
     * The pipes of one guest with as many connections as it may have would hold more than all pipes may. Further pipes are
     * small.
     *
     * @param granted bytes that all pipes may hold
     * @param bound what sets that number
     * @param pipeSize bytes of a pipe
     * @param connections how many connections one guest may have
     */
    record ConnectionPipes(long granted, PipeAllowance.Bound bound, int pipeSize, int connections)
            implements SystemLimit {
        @Override
        public String toString() {
            return "the pipes of all guests may hold " + granted + " bytes, enough for " + granted / (2L * pipeSize)
                    + " connections with pipes of " + pipeSize + " bytes, and one guest may have " + connections;
        }
    }
}
