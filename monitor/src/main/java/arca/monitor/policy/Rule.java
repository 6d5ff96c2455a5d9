package arca.monitor.policy;

import arca.control.Decimal;
import arca.control.Endpoint;

/**
 * A set of endpoints: a block of addresses, and a range of ports.
 *
 * <p>Its text is {@code any}, an address or a CIDR, each with an optional {@code :PORT} or {@code :PORT-PORT}. Without
 * ports it holds all of them.
 *
 * @param block the addresses
 * @param firstPort the first port, 0 to 65535
 * @param lastPort the last port, {@code firstPort} to 65535
 */
public record Rule(Cidr block, int firstPort, int lastPort) {
    private static final int MAX_PORT = 0xffff;

    /** Refuses ports that are out of range or do not run upward. */
    public Rule {
        if (firstPort < 0 || lastPort > MAX_PORT) throw new IllegalArgumentException("a port is 0 to 65535");
        if (firstPort > lastPort) {
            throw new IllegalArgumentException("ports run upward, so " + lastPort + "-" + firstPort);
        }
    }

    /** Creates a rule for every port of a block. */
    Rule(Cidr block) {
        this(block, 0, MAX_PORT);
    }

    /**
     * Parses a rule.
     *
     * @param text the text form
     * @return the rule
     * @throws IllegalArgumentException if the text is anything else; the message says what is wrong with it
     */
    public static Rule parse(String text) {
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

    /** Returns whether the rule holds an endpoint. */
    boolean contains(Endpoint endpoint) {
        return block.contains(endpoint.address()) && firstPort <= endpoint.port() && endpoint.port() <= lastPort;
    }

    /** Returns whether another rule holds everything that this one holds. */
    boolean within(Rule other) {
        return block.within(other.block) && other.firstPort <= firstPort && lastPort <= other.lastPort;
    }

    /** Returns whether the rule holds every port. */
    boolean everyPort() {
        return firstPort == 0 && lastPort == MAX_PORT;
    }

    /** Returns the text form, which {@link #parse} takes. */
    @Override
    public String toString() {
        String addresses = block.equals(Cidr.ALL) ? "any" : block.toString();
        if (everyPort()) return addresses;
        return addresses + ":" + firstPort + (firstPort == lastPort ? "" : "-" + lastPort);
    }
}
