package arca.monitor.policy;

import arca.control.Endpoint;
import java.util.List;

/**
 * Endpoints that a rule for the world at large does not allow, only one that lies within their block.
 *
 * @param name what they are, for the log
 * @param block where they are
 * @param but addresses in the block that are like the world at large
 */
record Floor(String name, Rule block, List<Cidr> but) {
    /** Ports below it are low ones, which on a usual system only root may listen on. */
    static final int FIRST_FREE_PORT = 1024;

    static final Floor LOOPBACK = new Floor("loopback", "127.0.0.0/8"); // RFC 1122, section 3.2.1.3
    private static final Floor MULTICAST = new Floor("multicast", "224.0.0.0/4"); // RFC 5771
    private static final Floor RESERVED = new Floor("reserved addresses", "240.0.0.0/4"); // RFC 1112, section 4
    private static final Floor BROADCAST = new Floor("broadcast", "255.255.255.255"); // RFC 919, section 7

    /**
     * Where only a rule that names it lets a guest connect; each address of the host itself is one more. These are the
     * blocks of IANA's IPv4 special-purpose address registry (RFC 6890) that are not globally reachable, multicast, and
     * addresses at which clouds serve secrets to their machines.
     */
    static final List<Floor> CONNECT = List.of(
            new Floor(
                    "0.0.0.0/8", "0.0.0.0/8"), // RFC 791, section 3.2, "this network"; Linux takes 0.0.0.0 for loopback
            LOOPBACK,
            new Floor("link-local addresses", "169.254.0.0/16"), // RFC 3927; most clouds' metadata service is there
            new Floor("private addresses", "10.0.0.0/8"), // RFC 1918, section 3
            new Floor("private addresses", "172.16.0.0/12"),
            new Floor("private addresses", "192.168.0.0/16"),
            new Floor("shared address space", "100.64.0.0/10"), // RFC 6598; Alibaba's metadata is at 100.100.100.200
            // RFC 6890; Oracle's metadata was at 192.0.0.192. PCP (RFC 7723) and TURN (RFC 8155) are globally
            // reachable.
            new Floor(
                    "protocol assignments",
                    Rule.parse("192.0.0.0/24"),
                    Cidr.parse("192.0.0.9"),
                    Cidr.parse("192.0.0.10")),
            new Floor("documentation addresses", "192.0.2.0/24"), // RFC 5737
            new Floor("documentation addresses", "198.51.100.0/24"),
            new Floor("documentation addresses", "203.0.113.0/24"),
            new Floor("6to4 relays", "192.88.99.0/24"), // RFC 7526, which deprecates them
            new Floor("benchmarking addresses", "198.18.0.0/15"), // RFC 2544, appendix C
            new Floor("Azure's metadata address", "168.63.129.16"), // its "wire server"; a public address
            MULTICAST,
            RESERVED,
            BROADCAST,
            new Floor("port 0", "any:0"));

    /** Where only a rule that names it lets a guest listen. */
    static final List<Floor> LISTEN =
            List.of(MULTICAST, RESERVED, BROADCAST, new Floor("low ports", "any:1-" + (FIRST_FREE_PORT - 1)));

    Floor(String name, Rule block, Cidr... but) {
        this(name, block, List.of(but));
    }

    private Floor(String name, String block) {
        this(name, Rule.parse(block));
    }

    boolean contains(Endpoint endpoint) {
        return block.contains(endpoint) && but.stream().noneMatch(open -> open.contains(endpoint.address()));
    }
}
