package arca.monitor.policy;

import arca.control.Endpoint;
import arca.control.IpAddress;
import java.util.SplittableRandom;

/** Rules and endpoints from a seed, most of them near the edges of the blocks that a policy knows. */
final class RandomRules {
    private static final int[] PORTS = {0, 1, 80, 1023, 1024, 8080, 65535};

    private RandomRules() {}

    static Policy policy(SplittableRandom random) {
        Policy policy = Policy.NOTHING;
        for (int rules = random.nextInt(5); rules > 0; rules--) {
            policy = switch (random.nextInt(6)) {
                case 0, 1 -> policy.allowConnect(rule(random));
                case 2, 3 -> policy.allowListen(rule(random));
                case 4 -> policy.denyConnect(rule(random));
                default -> policy.denyListen(rule(random));
            };
        }
        return policy;
    }

    static Endpoint endpoint(SplittableRandom random) {
        return new Endpoint(address(random), port(random));
    }

    /** A rule that every list takes. */
    static String rule(SplittableRandom random) {
        String block = random.nextInt(4) == 0 ? "any" : block(random).toString();
        if (block.indexOf(':') >= 0) block = "[" + block + "]";
        int first = Math.max(1, port(random));
        int last = Math.max(first, port(random));
        return switch (random.nextInt(3)) {
            case 0 -> block;
            case 1 -> block + ":" + first;
            default -> block + ":" + first + "-" + last;
        };
    }

    /** An IPv6 address with an IPv4 address inside. */
    private static IpAddress around(SplittableRandom random) {
        IpAddress inside = address(random);
        long ipv4 = inside.isIpv4() ? inside.low() & 0xffff_ffffL : 0x0a000001;
        return switch (random.nextInt(3)) {
            case 0 -> new IpAddress(0x0064_ff9b_0000_0000L, ipv4);
            case 1 -> new IpAddress(0x2002L << 48 | ipv4 << 16, random.nextLong());
            default -> new IpAddress(0x2001_0000_0000_0000L, ipv4 ^ 0xffff_ffffL);
        };
    }

    private static Cidr block(SplittableRandom random) {
        IpAddress address = address(random);
        int bits = address.isIpv4() ? random.nextInt(96, 129) : random.nextInt(129);
        return new Cidr(first(address, bits), bits);
    }

    private static IpAddress first(IpAddress address, int bits) {
        long high = bits >= 64 ? -1 : bits == 0 ? 0 : -1L << 64 - bits;
        long low = bits <= 64 ? 0 : -1L << 128 - bits;
        return new IpAddress(address.high() & high, address.low() & low);
    }

    private static IpAddress address(SplittableRandom random) {
        if (random.nextInt(4) == 0) return new IpAddress(random.nextInt());
        if (random.nextInt(4) == 0) return around(random);
        Where where = ProtectedRange.CONNECT
                .get(random.nextInt(ProtectedRange.CONNECT.size()))
                .range()
                .where();
        if (!(where instanceof Cidr block)) return new IpAddress(random.nextLong(), random.nextLong());
        IpAddress first = block.first();
        long size = block.bits() <= 64 ? 0 : (1L << 128 - block.bits()) - 1;
        long edge = first.low() + (random.nextBoolean() ? 0 : size) + random.nextInt(-1, 2);
        return new IpAddress(first.high(), edge);
    }

    private static int port(SplittableRandom random) {
        return random.nextBoolean() ? PORTS[random.nextInt(PORTS.length)] : random.nextInt(65536);
    }
}
