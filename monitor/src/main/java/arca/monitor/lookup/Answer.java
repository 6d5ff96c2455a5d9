package arca.monitor.lookup;

import arca.control.IpAddress;
import java.util.List;

/** What has come of a {@link Lookup}. */
public sealed interface Answer {
    /**
     * The name has addresses.
     *
     * @param addresses each address once, in the order in which to try them; at least one
     */
    record Addresses(List<IpAddress> addresses) implements Answer {}

    /**
     * The name has no addresses, or nobody could be asked for them.
     *
     * @param why the words of the resolver
     */
    record NotFound(String why) implements Answer {}

    /** Nobody has answered in time. */
    record TimedOut() implements Answer {}
}
