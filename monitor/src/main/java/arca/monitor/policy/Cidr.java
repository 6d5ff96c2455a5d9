package arca.monitor.policy;

import arca.control.Decimal;
import arca.control.IpAddress;

/**
 * A block of addresses, of IPv4 or of IPv6: all those whose first bits are the same. A block of IPv6 holds no IPv4 address, even
 * if it holds the addresses that map IPv4.
 *
 * @param first the block's first address
 * @param bits how many bits of the IPv6 form are the same: 0 to 128; for IPv4, 96 more than its prefix
 */
public record Cidr(IpAddress first, int bits) implements Where {
    private static final int ADDRESS_BITS = 128;
    private static final int IPV4_BITS = 96; // bits before an IPv4 address

    /** Refuses an address that is not the first of its block. */
    public Cidr {
        if (bits < 0 || bits > ADDRESS_BITS) throw new IllegalArgumentException("a prefix is 0 to 128, not " + bits);
        long high = first.high() & highMask(bits);
        long low = first.low() & lowMask(bits);
        if (high != first.high() || low != first.low()) {
            int before = bits >= IPV4_BITS && first.isIpv4() ? IPV4_BITS : 0;
            String prefix = "/" + (bits - before);
            throw new IllegalArgumentException(first + prefix + " has bits beyond its prefix: write "
                    + new IpAddress(high, low) + prefix + ", or " + first + " for that address alone");
        }
    }

    /** Creates the block of one address. */
    Cidr(IpAddress address) {
        this(address, ADDRESS_BITS);
    }

    /**
     * Parses a block.
     *
     * @param text {@code 192.0.2.0/24} or {@code 2001:db8::/32}; without a prefix, one address
     * @return the block; for IPv4 addresses that are mapped to IPv6, a block of IPv4
     * @throws IllegalArgumentException if the text is anything else; the message says what is wrong with it
     */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) return new Cidr(IpAddress.parse(text));
        String address = text.substring(0, slash);
        IpAddress first = IpAddress.parse(address);
        int before = address.indexOf(':') < 0 ? IPV4_BITS : 0; // a prefix counts from where the address is written from
        return new Cidr(first, before + Decimal.parse(text.substring(slash + 1), ADDRESS_BITS - before));
    }

    boolean isIpv4() {
        return bits >= IPV4_BITS && first.isIpv4();
    }

    boolean isOneAddress() {
        return bits == ADDRESS_BITS;
    }

    @Override
    public boolean contains(long high, long low) {
        return isIpv4() == IpAddress.isIpv4(high, low) && hasBits(high, low);
    }

    private boolean hasBits(long high, long low) {
        return ((first.high() ^ high) & highMask(bits)) == 0 && ((first.low() ^ low) & lowMask(bits)) == 0;
    }

    @Override
    public boolean within(Where other) {
        return switch (other) {
            case Any _ -> true;
            case Cidr block ->
                isIpv4() == block.isIpv4() && bits >= block.bits && block.hasBits(first.high(), first.low());
            case HostPattern _ -> false;
        };
    }

    private static long highMask(int bits) {
        return mask(Math.min(bits, Long.SIZE));
    }

    private static long lowMask(int bits) {
        return mask(Math.max(bits - Long.SIZE, 0));
    }

    private static long mask(int bits) {
        return bits == 0 ? 0 : -1L << Long.SIZE - bits; // a shift by 64 would be none
    }

    /** Returns the text form, which {@link #parse} takes. */
    @Override
    public String toString() {
        if (isOneAddress()) return first.toString();
        return first + "/" + (isIpv4() ? bits - IPV4_BITS : bits);
    }
}
