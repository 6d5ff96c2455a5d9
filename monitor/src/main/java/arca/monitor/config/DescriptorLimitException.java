package arca.monitor.config;

import java.io.IOException;

/** A monitor does not start, because this process may have too few descriptors to let even one guest in. */
public final class DescriptorLimitException extends IOException {
    private static final long serialVersionUID = 1L;

    /** How many descriptors this process may have. */
    private final long limit;

    /** How many it needs. */
    private final long needed;

    DescriptorLimitException(long limit, long needed) {
        super("a limit of " + limit + " descriptors leaves no room for one guest with one connection: raise it to "
                + needed + " or more (ulimit -n, LimitNOFILE=, prlimit --nofile)");
        this.limit = limit;
        this.needed = needed;
    }

    /**
     * How many descriptors this process may have.
     *
     * @return the soft limit: getrlimit(2), RLIMIT_NOFILE
     */
    public long limit() {
        return limit;
    }

    /**
     * How many it needs.
     *
     * @return the lowest limit at which one guest with one connection has room beside what is open now
     */
    public long needed() {
        return needed;
    }
}
