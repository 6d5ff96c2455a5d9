package arca.monitor.policy;

import arca.control.Endpoint;
import java.util.List;

/**
 * Endpoints that are dangerous to reach by a rule that was meant for the world at large. A rule allows them only if it names
 * the range: if it lies wholly within it.
 *
 * @param name what they are, as it stands in a sentence
 * @param range the addresses and ports
 * @param except addresses in the range that are not dangerous
 */
public record ProtectedRange(String name, Rule range, List<Cidr> except) {
    /** The first port that is not a low one. On a usual system, only root may listen on low ports. */
    static final int FIRST_FREE_PORT = 1024;

    static final ProtectedRange LOOPBACK = new ProtectedRange("loopback", "127.0.0.0/8"); // RFC 1122, section 3.2.1.3
    private static final ProtectedRange MULTICAST = new ProtectedRange("multicast", "224.0.0.0/4"); // RFC 5771
    private static final ProtectedRange RESERVED =
            new ProtectedRange("reserved addresses", "240.0.0.0/4"); // RFC 1112, section 4
    private static final ProtectedRange BROADCAST =
            new ProtectedRange("broadcast", "255.255.255.255"); // RFC 919, section 7

    /**
     * The ranges for connects. Each address of the host itself is one more. These are the
     * blocks of IANA's IPv4 special-purpose address registry (RFC 6890) that are not globally reachable, multicast, and
     * addresses at which clouds serve secrets to their machines.
     */
    static final List<ProtectedRange> CONNECT = List.of(
            new ProtectedRange(
                    "0.0.0.0/8", "0.0.0.0/8"), // RFC 791, section 3.2, "this network"; Linux takes 0.0.0.0 for loopback
            LOOPBACK,
            new ProtectedRange(
                    "link-local addresses", "169.254.0.0/16"), // RFC 3927; most clouds' metadata service is there
            new ProtectedRange("private addresses", "10.0.0.0/8"), // RFC 1918, section 3
            new ProtectedRange("private addresses", "172.16.0.0/12"),
            new ProtectedRange("private addresses", "192.168.0.0/16"),
            new ProtectedRange(
                    "shared address space", "100.64.0.0/10"), // RFC 6598; Alibaba's metadata is at 100.100.100.200
            // RFC 6890; Oracle's metadata was at 192.0.0.192. PCP (RFC 7723) and TURN (RFC 8155) are globally
            // reachable.
            new ProtectedRange(
                    "protocol assignments",
                    Rule.parse("192.0.0.0/24"),
                    Cidr.parse("192.0.0.9"),
                    Cidr.parse("192.0.0.10")),
            new ProtectedRange("documentation addresses", "192.0.2.0/24"), // RFC 5737
            new ProtectedRange("documentation addresses", "198.51.100.0/24"),
            new ProtectedRange("documentation addresses", "203.0.113.0/24"),
            new ProtectedRange("6to4 relays", "192.88.99.0/24"), // RFC 7526, which deprecates them
            new ProtectedRange("benchmarking addresses", "198.18.0.0/15"), // RFC 2544, appendix C
            new ProtectedRange("Azure's metadata address", "168.63.129.16"), // its "wire server"; a public address
            MULTICAST,
            RESERVED,
            BROADCAST,
            new ProtectedRange("port 0", "any:0"));

    /** The ranges for listens. */
    static final List<ProtectedRange> LISTEN =
            List.of(MULTICAST, RESERVED, BROADCAST, new ProtectedRange("low ports", "any:1-" + (FIRST_FREE_PORT - 1)));

    /** Keeps a copy of the list. */
    public ProtectedRange {
        except = List.copyOf(except);
    }

    ProtectedRange(String name, Rule range, Cidr... except) {
        this(name, range, List.of(except));
    }

    private ProtectedRange(String name, String range) {
        this(name, Rule.parse(range));
    }

    /** Returns the address of a host as a range of its own. */
    static ProtectedRange ofHost(Cidr address) {
        return new ProtectedRange("this address of the host itself", new Rule(address));
    }

    boolean contains(Endpoint endpoint) {
        return range.contains(endpoint) && !isExcepted(endpoint.address());
    }

    private boolean isExcepted(int address) {
        for (int i = 0; i < except.size(); i++) if (except.get(i).contains(address)) return true;
        return false;
    }

    boolean isNamedBy(Rule rule) {
        return rule.within(range);
    }
}
