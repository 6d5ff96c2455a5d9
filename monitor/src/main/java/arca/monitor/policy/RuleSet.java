package arca.monitor.policy;

import arca.control.Endpoint;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
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

    /**
     * Looks for a rule that denies an endpoint.
     *
     * @param denies whether a rule denies the endpoint, which the rule need not hold
     * @return the denial by the first such rule; empty if there is none
     */
    Optional<Decision.Denied> denial(Endpoint endpoint, Predicate<Rule> denies) {
        return deny.stream()
                .filter(denies)
                .findFirst()
                .map(rule -> rule.contains(endpoint) ? new Reason.DenyRule(rule) : new Reason.OverlappingRule(rule))
                .map(reason -> new Decision.Denied(operation, endpoint, reason, Optional.empty()));
    }

    /**
     * Looks for a rule that allows an endpoint: one that holds the endpoint, and that lies within each protected range that
     * holds it.
     *
     * @param ranges the protected ranges
     * @param remedy the rule that allows the endpoint and nothing else
     * @return the denial if there is no such rule; empty if there is one
     */
    Optional<Decision.Denied> notAllowed(Endpoint endpoint, List<ProtectedRange> ranges, Rule remedy) {
        List<Rule> holding =
                allow.stream().filter(rule -> rule.contains(endpoint)).toList();
        List<ProtectedRange> toName =
                ranges.stream().filter(range -> range.contains(endpoint)).toList();
        if (holding.stream().anyMatch(rule -> toName.stream().allMatch(range -> range.isNamedBy(rule)))) {
            return Optional.empty();
        }
        Reason reason = holding.isEmpty() ? new Reason.NoRule() : new Reason.NotNamed(unnamed(holding, toName));
        return Optional.of(new Decision.Denied(operation, endpoint, reason, Optional.of(remedy)));
    }

    /** Returns the ranges that no rule names; all of them if each is named, but not all by one rule. */
    private static List<ProtectedRange> unnamed(List<Rule> holding, List<ProtectedRange> toName) {
        List<ProtectedRange> unnamed = toName.stream()
                .filter(range -> holding.stream().noneMatch(range::isNamedBy))
                .toList();
        return unnamed.isEmpty() ? toName : unnamed;
    }
}
