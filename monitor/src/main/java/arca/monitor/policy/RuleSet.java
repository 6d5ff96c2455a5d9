package arca.monitor.policy;

import arca.control.Endpoint;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The rules for one operation. Immutable. */
record RuleSet(List<Rule> allow, List<Rule> deny) {
    static final RuleSet EMPTY = new RuleSet(List.of(), List.of());

    RuleSet allow(List<Rule> rules) {
        return new RuleSet(join(allow, rules), deny);
    }

    RuleSet deny(List<Rule> rules) {
        return new RuleSet(allow, join(deny, rules));
    }

    private static List<Rule> join(List<Rule> some, List<Rule> more) {
        return Stream.concat(some.stream(), more.stream()).toList();
    }

    /** Tells whether a deny rule applies to an endpoint, which the rule need not hold. */
    @FunctionalInterface
    interface Denies {
        boolean test(Rule rule, Endpoint endpoint);
    }

    /** Returns the first rule that denies an endpoint, as an index; -1 if none does. Allocates nothing for IPv4. */
    int denying(Endpoint endpoint, Denies denies) {
        for (int i = 0; i < deny.size(); i++) if (denies.test(deny.get(i), endpoint)) return i;
        return -1;
    }

    /**
     * Returns the first rule that allows an endpoint: one that holds the endpoint, and that lies within each protected range that
     * holds it. Allocates nothing for IPv4.
     *
     * @param ranges the protected ranges
     * @param alone whether the rule must be for this address alone, too
     * @return an index; -1 if no rule allows it
     */
    int allowing(Endpoint endpoint, List<ProtectedRange> ranges, boolean alone) {
        for (int i = 0; i < allow.size(); i++) {
            Rule rule = allow.get(i);
            if (rule.contains(endpoint) && (!alone || rule.isForOneAddress()) && names(rule, endpoint, ranges)) {
                return i;
            }
        }
        return -1;
    }

    private static boolean names(Rule rule, Endpoint endpoint, List<ProtectedRange> ranges) {
        for (int i = 0; i < ranges.size(); i++) {
            if (ranges.get(i).contains(endpoint) && !ranges.get(i).isNamedBy(rule)) return false;
        }
        return true;
    }

    /** Returns the first deny rule for a name. */
    Optional<Rule> denying(HostName name, int port) {
        return deny.stream().filter(rule -> rule.contains(name, port)).findFirst();
    }

    /** Returns the first allow rule for a name. */
    Optional<Rule> allowing(HostName name, int port) {
        return allow.stream().filter(rule -> rule.contains(name, port)).findFirst();
    }

    /** Returns the allow rules that hold an endpoint. */
    List<Rule> holding(Endpoint endpoint) {
        return allow.stream().filter(rule -> rule.contains(endpoint)).toList();
    }
}
