package arca.monitor;

import java.util.List;

/**
 * Endpoints that a rule for the world at large does not allow, only one that lies within their block.
 *
 * @param name what they are, for the log
 */
record Floor(String name, Rule block) {
    /** Ports below it are low ones, which on a usual system only root may listen on. */
    static final int FIRST_FREE_PORT = 1024;

    static final Floor LOOPBACK = new Floor("loopback", "127.0.0.0/8");
    private static final Floor MULTICAST = new Floor("multicast", "224.0.0.0/4");
    private static final Floor RESERVED = new Floor("reserved addresses", "240.0.0.0/4");
    private static final Floor BROADCAST = new Floor("broadcast", "255.255.255.255");

    /** Where only a rule that names it lets a guest connect; each address of the host itself is one more. */
    static final List<Floor> CONNECT = List.of(
            new Floor("0.0.0.0/8", "0.0.0.0/8"), // RFC 6890, "this host on this network": to Linux, loopback
            LOOPBACK,
            new Floor("link-local addresses", "169.254.0.0/16"), // RFC 3927; a cloud's metadata service is there
            new Floor("private addresses", "10.0.0.0/8"), // RFC 1918, section 3
            new Floor("private addresses", "172.16.0.0/12"),
            new Floor("private addresses", "192.168.0.0/16"),
            new Floor("shared address space", "100.64.0.0/10"), // RFC 6598, behind a carrier's NAT
            MULTICAST,
            RESERVED,
            BROADCAST,
            new Floor("port 0", "any:0"));

    /** Where only a rule that names it lets a guest listen. */
    static final List<Floor> LISTEN =
            List.of(MULTICAST, RESERVED, BROADCAST, new Floor("low ports", "any:1-" + (FIRST_FREE_PORT - 1)));

    private Floor(String name, String block) {
        this(name, Rule.parse(block));
    }
}
