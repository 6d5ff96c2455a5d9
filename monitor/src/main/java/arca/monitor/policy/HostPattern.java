package arca.monitor.policy;

/**
 * The host names of a rule: one name, or every name below it.
 *
 * @param name the name
 * @param below whether the rule is for the names below it, and not for the name itself
 */
public record HostPattern(HostName name, boolean below) implements Where {
    private static final String WILDCARD = "*.";

    /**
     * Parses a name, or a name after {@code *.}
     *
     * @throws IllegalArgumentException if the text is anything else
     */
    static HostPattern parse(String text) {
        boolean below = text.startsWith(WILDCARD);
        return new HostPattern(HostName.parse(below ? text.substring(WILDCARD.length()) : text), below);
    }

    boolean matches(HostName other) {
        return below ? other.text().endsWith("." + name) : other.equals(name);
    }

    @Override
    public boolean contains(long high, long low) {
        return false;
    }

    @Override
    public boolean within(Where other) {
        return false;
    }

    @Override
    public String toString() {
        return below ? WILDCARD + name : name.toString();
    }
}
