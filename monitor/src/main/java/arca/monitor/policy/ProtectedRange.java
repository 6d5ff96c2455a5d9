package arca.monitor.policy;

import arca.control.Endpoint;
import arca.control.IpAddress;
import java.util.List;
import java.util.Optional;

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

    private static final ProtectedRange MULTICAST = new ProtectedRange("multicast", "224.0.0.0/4"); // RFC 5771
    private static final ProtectedRange MULTICAST_6 =
            new ProtectedRange("multicast", "ff00::/8"); // RFC 4291, section 2.7
    private static final ProtectedRange RESERVED =
            new ProtectedRange("reserved addresses", "240.0.0.0/4"); // RFC 1112, section 4
    private static final ProtectedRange BROADCAST =
            new ProtectedRange("broadcast", "255.255.255.255"); // RFC 919, section 7

    /**
     * The ranges for connects. Each address of the host itself is one more. For IPv4, these are the blocks of IANA's special-purpose
     * address registry (RFC 6890) that are not globally reachable, multicast, and addresses at which clouds serve secrets to their
     * machines.
     */
    static final List<ProtectedRange> CONNECT = List.of(
            new ProtectedRange(
                    "0.0.0.0/8", "0.0.0.0/8"), // RFC 791, section 3.2, "this network"; Linux takes 0.0.0.0 for loopback
            new ProtectedRange("loopback", "127.0.0.0/8"), // RFC 1122, section 3.2.1.3
            new ProtectedRange(
                    "link-local addresses", "169.254.0.0/16"), // RFC 3927; most clouds' metadata service is there
            new ProtectedRange("private addresses", "10.0.0.0/8"), // RFC 1918, section 3
            new ProtectedRange("private addresses", "172.16.0.0/12"),
            new ProtectedRange("private addresses", "192.168.0.0/16"),
            new ProtectedRange(
                    "shared address space", "100.64.0.0/10"), // RFC 6598; Alibaba's metadata is at 100.100.100.200
            // RFC 6890; Oracle's metadata was at 192.0.0.192. PCP (RFC 7723) and TURN (RFC 8155) are globally
            // reachable.
            new ProtectedRange("protocol assignments", "192.0.0.0/24", "192.0.0.9", "192.0.0.10"),
            new ProtectedRange("documentation addresses", "192.0.2.0/24"), // RFC 5737
            new ProtectedRange("documentation addresses", "198.51.100.0/24"),
            new ProtectedRange("documentation addresses", "203.0.113.0/24"),
            new ProtectedRange("6to4 relays", "192.88.99.0/24"), // RFC 7526, which deprecates them
            new ProtectedRange("benchmarking addresses", "198.18.0.0/15"), // RFC 2544, appendix C
            new ProtectedRange("Azure's metadata address", "168.63.129.16"), // its "wire server"; a public address
            MULTICAST,
            RESERVED,
            BROADCAST,
            new ProtectedRange("::", "::"), // Linux takes it for ::1
            new ProtectedRange("loopback", "::1"), // RFC 4291, section 2.5.3
            new ProtectedRange("IPv4-compatible addresses", "::/96", "::", "::1"), // RFC 4291, section 2.5.5.1
            new ProtectedRange("IPv4-translated addresses", "::ffff:0:0:0/96"), // RFC 2765, section 2.1
            // RFC 8215; see Embedding for the first block, whose form is known.
            new ProtectedRange("local NAT64 addresses", "64:ff9b:1::/48", "64:ff9b:1::/96"),
            new ProtectedRange("link-local addresses", "fe80::/10"), // RFC 4291, section 2.5.6
            new ProtectedRange("site-local addresses", "fec0::/10"), // RFC 3879, which deprecates them
            new ProtectedRange("unique local addresses", "fc00::/7"), // RFC 4193; Amazon's metadata is at fd00:ec2::254
            MULTICAST_6,
            new ProtectedRange("port 0", "any:0"));

    /** The ranges for listens. */
    static final List<ProtectedRange> LISTEN = List.of(
            MULTICAST,
            RESERVED,
            BROADCAST,
            MULTICAST_6,
            new ProtectedRange("low ports", "any:1-" + (FIRST_FREE_PORT - 1)));

    /** Keeps a copy of the list. */
    public ProtectedRange {
        except = List.copyOf(except);
    }

    private ProtectedRange(String name, String range, String... except) {
        this(name, Rule.parse(range), List.of(except).stream().map(Cidr::parse).toList());
    }

    /** Returns the address of a host as a range of its own. */
    static ProtectedRange ofHost(IpAddress address) {
        return new ProtectedRange("this address of the host itself", new Rule(new Cidr(address)), List.of());
    }

    /** Returns whether the range holds an endpoint, or the IPv4 address that is inside its address. Allocates nothing for IPv4. */
    boolean contains(Endpoint endpoint) {
        if (range.contains(endpoint) && !isExcepted(endpoint)) return true;
        if (endpoint.isIpv4()) return false;
        Optional<IpAddress> inside = Embedding.ipv4(endpoint.address());
        return inside.isPresent() && contains(new Endpoint(inside.get(), endpoint.port()));
    }

    private boolean isExcepted(Endpoint endpoint) {
        for (int i = 0; i < except.size(); i++)
            if (except.get(i).contains(endpoint.high(), endpoint.low())) return true;
        return false;
    }

    /** Returns whether a rule lies within the range, with its addresses or with the IPv4 addresses inside them. */
    boolean isNamedBy(Rule rule) {
        if (rule.within(range)) return true;
        return rule.where() instanceof Cidr block
                && Embedding.ipv4(block)
                        .map(rule::at)
                        .filter(inside -> inside.within(range))
                        .isPresent();
    }
}
