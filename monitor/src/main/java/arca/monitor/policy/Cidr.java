package arca.monitor.policy;

import arca.control.Decimal;
import arca.control.Ipv4;

/**
 * A block of IPv4 addresses: all those whose first {@code prefix} bits are the same.
 *
 * @param address the block's first address, its first octet in the highest byte
 * @param prefix how many bits: 0 for every address, to 32 for one address
 */
public record Cidr(int address, int prefix) {
    /** Every address. */
    static final Cidr ALL = new Cidr(0, 0);

    /** Refuses an address that is not the first of its block. */
    public Cidr {
        if (prefix < 0 || prefix > Integer.SIZE)
            throw new IllegalArgumentException("a prefix is 0 to 32, not " + prefix);
        if ((address & ~mask(prefix)) != 0) {
            String block = Ipv4.toString(address & mask(prefix)) + "/" + prefix;
            throw new IllegalArgumentException(
                    Ipv4.toString(address) + "/" + prefix + " has bits beyond its prefix: write " + block + ", or "
                            + Ipv4.toString(address) + " for that address alone");
        }
    }

    /**
     * Parses a block.
     *
     * @param text {@code 192.0.2.0/24}, or {@code 192.0.2.1} for one address
     * @return the block
     * @throws IllegalArgumentException if the text is anything else; the message says what is wrong with it
     */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) return new Cidr(Ipv4.parse(text), Integer.SIZE);
        return new Cidr(Ipv4.parse(text.substring(0, slash)), Decimal.parse(text.substring(slash + 1), Integer.SIZE));
    }

    boolean isOneAddress() {
        return prefix == Integer.SIZE;
    }

    boolean contains(int other) {
        return ((address ^ other) & mask(prefix)) == 0;
    }

    boolean within(Cidr other) {
        return prefix >= other.prefix && other.contains(address);
    }

    private static int mask(int prefix) {
        return prefix == 0 ? 0 : -1 << Integer.SIZE - prefix; // a shift by 32 would be none
    }

    /** Returns the text form, which {@link #parse} takes. */
    @Override
    public String toString() {
        return isOneAddress() ? Ipv4.toString(address) : Ipv4.toString(address) + "/" + prefix;
    }
}
