package arca.monitor.config;

import arca.monitor.policy.Policy;

/**
 * What guests may have. A request beyond it is refused with a true errno, and the guest lives.
 *
 * @param connections live connections of one guest
 * @param listeners listeners of one guest
 * @param waitingAccepts AcceptRequests of one guest without a reply
 * @param connecting TCP handshakes of one guest under way
 * @param guests guests whose control channel is open; as many more may be gone while their connections go on
 * @param guestsPerUid guests of one user; a user has the smaller of this and {@code share} percent of {@code guests}
 * @param pipeMemory bytes that all pipes of the monitor may take before new ones are made small; 0 for what
 *     fs.pipe-user-pages-soft gives
 * @param copyMemory bytes that the buffers of all relays together may take; a relay that gets none moves a page at a time
 * @param requestRate requests per second of all guests together; those of a user beyond his share are read later
 * @param share how much of what guests share the guests of one user may have together, in percent; a monitor without a control
 *     socket has no other guests than those of its own process, so they may have everything
 */
public record Limits(
        int connections,
        int listeners,
        int waitingAccepts,
        int connecting,
        int guests,
        int guestsPerUid,
        long pipeMemory,
        long copyMemory,
        int requestRate,
        int share) {
    /** The defaults: see the {@link Builder}. */
    public static final Limits DEFAULT = builder().build();

    /** Refuses less than one of anything: what guests shall not do at all is the {@link Policy}'s. */
    public Limits {
        atLeast(1, "connections", connections);
        atLeast(1, "listeners", listeners);
        atLeast(1, "waitingAccepts", waitingAccepts);
        atLeast(1, "connecting", connecting);
        atLeast(1, "guests", guests);
        atLeast(1, "guestsPerUid", guestsPerUid);
        atLeast(0, "pipeMemory", pipeMemory);
        atLeast(0, "copyMemory", copyMemory);
        atLeast(1, "requestRate", requestRate);
        if (share < 1 || share > 100) throw new IllegalArgumentException("a share is 1 to 100 percent, not " + share);
    }

    private static void atLeast(int least, String name, long value) {
        if (value < least) throw new IllegalArgumentException(name + " is at least " + least + ", not " + value);
    }

    /**
     * Returns a builder that holds the defaults.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns a builder that holds these limits.
     *
     * @return a new builder
     */
    public Builder toBuilder() {
        return builder()
                .connections(connections)
                .listeners(listeners)
                .waitingAccepts(waitingAccepts)
                .connecting(connecting)
                .guests(guests)
                .guestsPerUid(guestsPerUid)
                .pipeMemory(pipeMemory)
                .copyMemory(copyMemory)
                .requestRate(requestRate)
                .share(share);
    }

    /**
     * Collects limits. Each setter sets the component of its name and returns the builder. {@link #build} checks them. One
     * thread at a time.
     */
    public static final class Builder {
        private int connections = 8192;
        private int listeners = 256;
        private int waitingAccepts = 4096;
        private int connecting = 256;
        private int guests = 512;
        private int guestsPerUid = 256;
        private long pipeMemory;
        private long copyMemory = 512L << 20;
        private int requestRate = 200_000;
        private int share = 25;

        private Builder() {}

        /**
         * Sets {@link Limits#connections}.
         *
         * @param connections live connections of one guest; the default is 8192
         * @return this builder
         */
        public Builder connections(int connections) {
            this.connections = connections;
            return this;
        }

        /**
         * Sets {@link Limits#listeners}.
         *
         * @param listeners listeners of one guest; the default is 256
         * @return this builder
         */
        public Builder listeners(int listeners) {
            this.listeners = listeners;
            return this;
        }

        /**
         * Sets {@link Limits#waitingAccepts}.
         *
         * @param waitingAccepts AcceptRequests of one guest without a reply; the default is 4096
         * @return this builder
         */
        public Builder waitingAccepts(int waitingAccepts) {
            this.waitingAccepts = waitingAccepts;
            return this;
        }

        /**
         * Sets {@link Limits#connecting}.
         *
         * @param connecting TCP handshakes of one guest in progress; the default is 256
         * @return this builder
         */
        public Builder connecting(int connecting) {
            this.connecting = connecting;
            return this;
        }

        /**
         * Sets {@link Limits#guests}.
         *
         * @param guests guests of the monitor; the default is 512
         * @return this builder
         */
        public Builder guests(int guests) {
            this.guests = guests;
            return this;
        }

        /**
         * Sets {@link Limits#guestsPerUid}.
         *
         * @param guestsPerUid guests of one user, if {@link Limits#share} does not allow fewer; the default is 256
         * @return this builder
         */
        public Builder guestsPerUid(int guestsPerUid) {
            this.guestsPerUid = guestsPerUid;
            return this;
        }

        /**
         * Sets {@link Limits#pipeMemory}.
         *
         * @param pipeMemory bytes that all pipes may take; the default, 0, is what the kernel grants
         * @return this builder
         */
        public Builder pipeMemory(long pipeMemory) {
            this.pipeMemory = pipeMemory;
            return this;
        }

        /**
         * Sets {@link Limits#copyMemory}.
         *
         * @param copyMemory bytes that the buffers of all relays together may take; the default is 512 MiB
         * @return this builder
         */
        public Builder copyMemory(long copyMemory) {
            this.copyMemory = copyMemory;
            return this;
        }

        /**
         * Sets {@link Limits#requestRate}.
         *
         * @param requestRate requests per second of all guests; the default is 200,000
         * @return this builder
         */
        public Builder requestRate(int requestRate) {
            this.requestRate = requestRate;
            return this;
        }

        /**
         * Sets {@link Limits#share}.
         *
         * @param share percent, 1 to 100, that the guests of one user may have together; the default is 25
         * @return this builder
         */
        public Builder share(int share) {
            this.share = share;
            return this;
        }

        /**
         * Builds the limits. The builder can be used again.
         *
         * @return the limits
         * @throws IllegalArgumentException if one of them is too low
         */
        public Limits build() {
            return new Limits(
                    connections,
                    listeners,
                    waitingAccepts,
                    connecting,
                    guests,
                    guestsPerUid,
                    pipeMemory,
                    copyMemory,
                    requestRate,
                    share);
        }
    }
}
