package arca.monitor.policy;

/** What a {@link Policy} decides, without the reason: see {@link Decision}. */
public enum Verdict {
    /** The guest may do it. */
    ALLOWED,
    /** The guest may not do it. */
    DENIED,
    /** The guest may do it, unless the address is one of the host's own. */
    DENIED_IF_OWN
}
