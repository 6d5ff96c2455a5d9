package arca.monitor.policy;

import arca.control.Endpoint;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The rules for one operation. Immutable. */
record RuleSet(Operation operation, List<Rule> allow, List<Rule> deny) {
    RuleSet(Operation operation) {
        this(operation, List.of(), List.of());
    }

    RuleSet allow(List<Rule> rules) {
        return new RuleSet(operation, join(allow, rules), deny);
    }

    RuleSet deny(List<Rule> rules) {
        return new RuleSet(operation, allow, join(deny, rules));
    }

    private static List<Rule> join(List<Rule> some, List<Rule> more) {
        return Stream.concat(some.stream(), more.stream()).toList();
    }

    /** Tells whether a deny rule applies to an endpoint, which the rule need not hold. */
    @FunctionalInterface
    interface Denies {
        boolean test(Rule rule, Endpoint endpoint);
    }

    /** Returns whether a rule denies an endpoint. Allocates nothing. */
    boolean denies(Endpoint endpoint, Denies denies) {
        for (int i = 0; i < deny.size(); i++) if (denies.test(deny.get(i), endpoint)) return true;
        return false;
    }

    /**
     * Returns whether a rule allows an endpoint: one that holds the endpoint, and that lies within each protected range that
     * holds it. Allocates nothing.
     *
     * @param ranges the protected ranges
     * @param alone whether the rule must be for this address alone, too
     */
    boolean allows(Endpoint endpoint, List<ProtectedRange> ranges, boolean alone) {
        for (int i = 0; i < allow.size(); i++) {
            Rule rule = allow.get(i);
            if (rule.contains(endpoint) && (!alone || rule.block().isOneAddress()) && names(rule, endpoint, ranges)) {
                return true;
            }
        }
        return false;
    }

    private static boolean names(Rule rule, Endpoint endpoint, List<ProtectedRange> ranges) {
        for (int i = 0; i < ranges.size(); i++) {
            if (ranges.get(i).contains(endpoint) && !ranges.get(i).isNamedBy(rule)) return false;
        }
        return true;
    }

    /**
     * Returns why an endpoint is denied, which it must be.
     *
     * @param ranges the protected ranges
     * @param remedy the rule that allows the endpoint and nothing else
     */
    Decision.Denied denial(Endpoint endpoint, Denies denies, List<ProtectedRange> ranges, Rule remedy) {
        for (Rule rule : deny) {
            if (!denies.test(rule, endpoint)) continue;
            Reason reason = rule.contains(endpoint) ? new Reason.DenyRule(rule) : new Reason.OverlappingRule(rule);
            return new Decision.Denied(operation, endpoint, reason, Optional.empty());
        }
        List<Rule> holding =
                allow.stream().filter(rule -> rule.contains(endpoint)).toList();
        List<ProtectedRange> toName =
                ranges.stream().filter(range -> range.contains(endpoint)).toList();
        Reason reason = holding.isEmpty() ? new Reason.NoRule() : new Reason.NotNamed(unnamed(holding, toName));
        return new Decision.Denied(operation, endpoint, reason, Optional.of(remedy));
    }

    /** Returns the ranges that no rule names; all of them if each is named, but not all by one rule. */
    private static List<ProtectedRange> unnamed(List<Rule> holding, List<ProtectedRange> toName) {
        List<ProtectedRange> unnamed = toName.stream()
                .filter(range -> holding.stream().noneMatch(range::isNamedBy))
                .toList();
        return unnamed.isEmpty() ? toName : unnamed;
    }
}
