package arca.monitor.policy;

import arca.control.IpAddress;
import java.util.Optional;

/**
 * The kinds of IPv6 addresses that have an IPv4 address inside them. A translator or a tunnel sends packets for them to that
 * IPv4 address.
 */
enum Embedding {
    /** NAT64, RFC 6052, section 2.1. */
    NAT64("64:ff9b::/96", 96, false),
    /** NAT64 with a prefix for local use, RFC 8215. Only the first of its blocks of 96 bits has a known form. */
    LOCAL_NAT64("64:ff9b:1::/96", 96, false),
    /** 6to4, RFC 3056, section 2. */
    SIX_TO_FOUR("2002::/16", 16, false),
    /** Teredo, RFC 4380, section 4: each bit of the client's address is inverted. */
    TEREDO("2001::/32", 96, true);

    private static final Embedding[] ALL = values();
    private static final int IPV4_BITS = 32;
    private static final int IPV4_BEGINS = 96; // in the address that maps IPv4

    private final Cidr block;
    private final int offset; // in bits
    private final boolean isInverted;

    Embedding(String block, int offset, boolean isInverted) {
        this.block = Cidr.parse(block);
        this.offset = offset;
        this.isInverted = isInverted;
    }

    /** Returns the IPv4 address inside an IPv6 address; empty if there is none. */
    static Optional<IpAddress> ipv4(IpAddress address) {
        if (address.isIpv4()) return Optional.empty();
        return ipv4(new Cidr(address)).map(Cidr::first);
    }

    /** Returns the block of the IPv4 addresses inside a block of IPv6 addresses; empty if not every address has one. */
    static Optional<Cidr> ipv4(Cidr block) {
        for (Embedding embedding : ALL) {
            if (block.within(embedding.block)) return Optional.of(embedding.inside(block));
        }
        return Optional.empty();
    }

    private Cidr inside(Cidr outer) {
        int bits = Math.clamp(outer.bits() - offset, 0, IPV4_BITS);
        long half = offset < Long.SIZE ? outer.first().high() : outer.first().low();
        int ipv4 = (int) (half >>> (Long.SIZE - IPV4_BITS - offset % Long.SIZE));
        if (isInverted) ipv4 = ~ipv4;
        if (bits < IPV4_BITS) ipv4 &= bits == 0 ? 0 : -1 << IPV4_BITS - bits;
        return new Cidr(new IpAddress(ipv4), IPV4_BEGINS + bits);
    }
}
