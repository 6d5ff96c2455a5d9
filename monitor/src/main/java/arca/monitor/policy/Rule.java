package arca.monitor.policy;

import arca.control.Decimal;
import arca.control.Endpoint;
import java.util.Optional;
import java.util.function.Function;

/**
 * A set of endpoints, or of host names with ports. Its text is {@code WHERE[:PORTS]}.
 *
 * <p>WHERE is {@code any}, an IPv4 address or CIDR, an IPv6 address or CIDR (in brackets if ports follow), a host name, or
 * {@code *.} and a host name for every name below it. PORTS is {@code 80} or {@code 8000-8100}. Without ports, a rule is for
 * all of them. Lists and the names of services are not supported: they need several rules, and numbers.
 *
 * @param where the addresses or names
 * @param firstPort the first port, 0 to 65535
 * @param lastPort the last port, {@code firstPort} to 65535
 * @param origin where the rule was written, in the words of whoever read it, such as {@code policy.toml:3:18}; may be empty
 */
public record Rule(Where where, int firstPort, int lastPort, String origin) {
    private static final int MAX_PORT = 0xffff;

    /** Refuses ports that are out of range or do not run upward. */
    public Rule {
        if (firstPort < 0 || lastPort > MAX_PORT) throw new IllegalArgumentException("a port is 0 to 65535");
        if (firstPort > lastPort) {
            throw new IllegalArgumentException("ports run upward, so " + lastPort + "-" + firstPort);
        }
    }

    /** Creates a rule for every port. */
    Rule(Where where) {
        this(where, 0, MAX_PORT, "");
    }

    /** Creates a rule for one port. */
    Rule(Where where, int port) {
        this(where, port, port, "");
    }

    /**
     * Parses a rule.
     *
     * @param text the text form
     * @return the rule
     * @throws RuleSyntaxException if the text is anything else
     */
    public static Rule parse(String text) {
        return parse(text, "");
    }

    /**
     * Parses a rule.
     *
     * @param text the text form
     * @param origin where the rule was written
     * @return the rule
     * @throws RuleSyntaxException if the text is anything else
     */
    public static Rule parse(String text, String origin) {
        int colon = portColon(text);
        int end = colon < 0 ? text.length() : colon;
        Where where = text.startsWith("[") ? part(text, 1, end - 1, Rule::bracketed) : part(text, 0, end, Rule::where);
        if (colon < 0) return new Rule(where, 0, MAX_PORT, origin);
        int dash = text.indexOf('-', colon);
        int last = dash < 0 ? colon : dash;
        int firstPort = part(text, colon + 1, dash < 0 ? text.length() : dash, Rule::port);
        int lastPort = part(text, last + 1, text.length(), Rule::port);
        return part(text, colon + 1, text.length(), _ -> new Rule(where, firstPort, lastPort, origin));
    }

    /** Returns where the colon before the ports is; -1 if there is none. */
    private static int portColon(String text) {
        if (!text.startsWith("[")) {
            int colon = text.indexOf(':');
            boolean isIpv6 = colon >= 0 && text.indexOf(':', colon + 1) >= 0;
            return isIpv6 ? -1 : colon;
        }
        int close = text.indexOf(']');
        if (close < 0) throw new RuleSyntaxException(text, text.length(), "a ] is missing after the IPv6 address");
        if (close == text.length() - 1) return -1;
        if (text.charAt(close + 1) != ':') {
            throw new RuleSyntaxException(text, close + 1, "after the ] there is nothing, or a colon and ports");
        }
        return close + 1;
    }

    /** Parses a part of a text. An error tells where the part begins. */
    private static <T> T part(String text, int from, int to, Function<String, T> parser) {
        try {
            return parser.apply(text.substring(from, to));
        } catch (IllegalArgumentException e) {
            throw new RuleSyntaxException(text, from, e.getMessage());
        }
    }

    private static Where bracketed(String text) {
        if (text.indexOf(':') < 0) {
            throw new IllegalArgumentException("brackets are for IPv6 addresses alone");
        }
        return Cidr.parse(text);
    }

    private static Where where(String text) {
        if (text.equalsIgnoreCase("any")) return new Where.Any();
        if (text.indexOf(',') >= 0) throw list();
        boolean isAddress = text.indexOf(':') >= 0 || text.indexOf('/') >= 0 || text.matches("[0-9.]*[0-9]");
        return isAddress ? Cidr.parse(text) : HostPattern.parse(text);
    }

    private static int port(String text) {
        if (text.indexOf(',') >= 0) throw list();
        if (text.matches("[A-Za-z][A-Za-z0-9-]*")) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" is not a port: the names of services are not supported, write the number");
        }
        return Decimal.parse(text, MAX_PORT);
    }

    private static IllegalArgumentException list() {
        return new IllegalArgumentException(
                "lists are not supported: write a rule for each, such as any:80 and any:443");
    }

    /**
     * Returns the host name that the rule is for.
     *
     * @return the name; empty if the rule is for addresses, or for all names below one
     */
    public Optional<HostName> hostName() {
        return where instanceof HostPattern pattern && !pattern.below()
                ? Optional.of(pattern.name())
                : Optional.empty();
    }

    /** Returns a rule for the same ports of other addresses. */
    Rule at(Where other) {
        return new Rule(other, firstPort, lastPort, origin);
    }

    /** Returns whether the rule holds an endpoint. */
    boolean contains(Endpoint endpoint) {
        return where.contains(endpoint.high(), endpoint.low()) && containsPort(endpoint.port());
    }

    /** Returns whether the rule holds a name and a port. */
    boolean contains(HostName name, int port) {
        return where instanceof HostPattern pattern && pattern.matches(name) && containsPort(port);
    }

    boolean containsPort(int port) {
        return firstPort <= port && port <= lastPort;
    }

    /** Returns whether another rule holds everything that this one holds. Not for names. */
    boolean within(Rule other) {
        return where.within(other.where) && other.firstPort <= firstPort && lastPort <= other.lastPort;
    }

    /** Returns whether the rule is for one address alone. */
    boolean isForOneAddress() {
        return where instanceof Cidr block && block.isOneAddress();
    }

    /** Returns whether the rule is for host names. */
    boolean isForNames() {
        return where instanceof HostPattern;
    }

    /** Returns whether the rule holds every port. */
    boolean everyPort() {
        return firstPort == 0 && lastPort == MAX_PORT;
    }

    /** Returns the text form, which {@link #parse} takes. The origin is not in it. */
    @Override
    public String toString() {
        if (everyPort()) return where.toString();
        boolean isIpv6 = where instanceof Cidr block && !block.isIpv4();
        String ports = firstPort + (firstPort == lastPort ? "" : "-" + lastPort);
        return (isIpv6 ? "[" + where + "]" : where) + ":" + ports;
    }
}
