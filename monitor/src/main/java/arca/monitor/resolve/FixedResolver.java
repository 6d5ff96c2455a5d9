package arca.monitor.resolve;

import arca.control.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Knows the addresses of some names, and asks another resolver for all others.
 *
 * @param known the addresses by name
 * @param next is asked for other names
 */
public record FixedResolver(Map<String, List<InetAddress>> known, Resolver next) implements Resolver {
    /** Keeps a copy of the map. */
    public FixedResolver {
        known = Map.copyOf(known);
    }

    /**
     * Parses entries of the form {@code NAME=ADDRESS}. A name with several entries has several addresses, in their order.
     *
     * @param entries the entries; an IPv6 address may have brackets
     * @param canonical returns a name in the form in which {@link #resolve} gets it, and throws an IllegalArgumentException for
     *     what is no name
     * @param next is asked for other names
     * @return a resolver
     * @throws IllegalArgumentException if an entry is anything else; the message begins with the entry
     */
    public static FixedResolver parse(List<String> entries, UnaryOperator<String> canonical, Resolver next) {
        Map<String, List<InetAddress>> known = new LinkedHashMap<>();
        for (String entry : entries) {
            int equals = entry.indexOf('=');
            if (equals < 0) throw new IllegalArgumentException(entry + ": an entry is NAME=ADDRESS");
            try {
                String name = canonical.apply(entry.substring(0, equals));
                known.computeIfAbsent(name, _ -> new ArrayList<>()).add(address(entry.substring(equals + 1)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(entry + ": " + e.getMessage(), e);
            }
        }
        return new FixedResolver(known, next);
    }

    private static InetAddress address(String text) {
        boolean isInBrackets = text.startsWith("[") && text.endsWith("]");
        IpAddress address = IpAddress.parse(isInBrackets ? text.substring(1, text.length() - 1) : text);
        return InetAddress.ofLiteral(address.toString());
    }

    @Override
    public List<InetAddress> resolve(String name) throws IOException {
        List<InetAddress> addresses = known.get(name);
        return addresses == null ? next.resolve(name) : addresses;
    }
}
