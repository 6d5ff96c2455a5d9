package arca.monitor.policy;

import arca.control.Endpoint;
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
        int prefix = random.nextInt(33);
        int mask = prefix == 0 ? 0 : -1 << 32 - prefix;
        String block = random.nextInt(4) == 0 ? "any" : new Cidr(address(random) & mask, prefix).toString();
        int first = Math.max(1, port(random));
        int last = Math.max(first, port(random));
        return switch (random.nextInt(3)) {
            case 0 -> block;
            case 1 -> block + ":" + first;
            default -> block + ":" + first + "-" + last;
        };
    }

    private static int address(SplittableRandom random) {
        if (random.nextInt(4) == 0) return random.nextInt();
        Cidr block = ProtectedRange.CONNECT
                .get(random.nextInt(ProtectedRange.CONNECT.size()))
                .range()
                .block();
        int edge = random.nextBoolean() ? block.address() : block.address() + (int) ((1L << 32 - block.prefix()) - 1);
        return edge + random.nextInt(-1, 2);
    }

    private static int port(SplittableRandom random) {
        return random.nextBoolean() ? PORTS[random.nextInt(PORTS.length)] : random.nextInt(65536);
    }
}
