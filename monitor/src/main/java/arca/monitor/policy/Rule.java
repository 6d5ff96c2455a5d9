package arca.monitor.policy;

import arca.control.Decimal;
import arca.control.Endpoint;

/**
 * A rectangle of endpoints: a block of addresses, and the ports from one to another, both included.
 *
 * <p>As text: {@code any}, an address or a CIDR, each with an optional {@code :PORT} or {@code :PORT-PORT}. Without
 * ports it is all of them.
 */
record Rule(Cidr block, int firstPort, int lastPort) {
    private static final int MAX_PORT = 0xffff;

    Rule {
        if (firstPort > lastPort) {
            throw new IllegalArgumentException("ports run upward, so " + lastPort + "-" + firstPort);
        }
    }

    /** Every port of a block. */
    Rule(Cidr block) {
        this(block, 0, MAX_PORT);
    }

    /** The rule that a text is; IllegalArgumentException says what is wrong with one that is none. */
    static Rule parse(String text) {
        int colon = text.indexOf(':');
        String addresses = colon < 0 ? text : text.substring(0, colon);
        Cidr block = addresses.equals("any") ? Cidr.ALL : Cidr.parse(addresses);
        if (colon < 0) return new Rule(block);
        String ports = text.substring(colon + 1);
        int dash = ports.indexOf('-');
        if (dash < 0) {
            int port = Decimal.parse(ports, MAX_PORT);
            return new Rule(block, port, port);
        }
        return new Rule(
                block,
                Decimal.parse(ports.substring(0, dash), MAX_PORT),
                Decimal.parse(ports.substring(dash + 1), MAX_PORT));
    }

    boolean contains(Endpoint endpoint) {
        return block.contains(endpoint.address()) && firstPort <= endpoint.port() && endpoint.port() <= lastPort;
    }

    boolean within(Rule other) {
        return block.within(other.block) && other.firstPort <= firstPort && lastPort <= other.lastPort;
    }

    boolean everyPort() {
        return firstPort == 0 && lastPort == MAX_PORT;
    }

    @Override
    public String toString() {
        String addresses = block.equals(Cidr.ALL) ? "any" : block.toString();
        if (everyPort()) return addresses;
        return addresses + ":" + firstPort + (firstPort == lastPort ? "" : "-" + lastPort);
    }
}
