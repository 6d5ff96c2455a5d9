package arca.monitor.policy;

import arca.control.IpAddress;

/** What a {@link Rule} is about, without its ports. */
public sealed interface Where permits Where.Any, Cidr, HostPattern {
    /** Every address, of IPv4 and of IPv6. */
    record Any() implements Where {
        @Override
        public boolean contains(long high, long low) {
            return true;
        }

        @Override
        public boolean within(Where other) {
            return other instanceof Any;
        }

        @Override
        public String toString() {
            return "any";
        }
    }

    /**
     * Returns whether an address is one of these. A name has no addresses here: nobody is asked for them.
     *
     * @param high the first eight octets, as in {@link IpAddress}
     * @param low the last eight octets
     * @return true if it is one of these
     */
    boolean contains(long high, long low);

    /**
     * Returns whether an address is one of these.
     *
     * @param address the address
     * @return true if it is one of these
     */
    default boolean contains(IpAddress address) {
        return contains(address.high(), address.low());
    }

    /**
     * Returns whether another one has every address that this one has. Not for names.
     *
     * @param other the other one
     * @return true if it has
     */
    boolean within(Where other);
}
