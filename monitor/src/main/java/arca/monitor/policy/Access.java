package arca.monitor.policy;

import arca.control.Endpoint;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Rules for one kind of request. Immutable.
 *
 * @param verb how the log says what a guest asked for, {@code connect to}
 * @param flag how the command line's flags for these rules end, {@code connect}
 */
record Access(String verb, String flag, List<Rule> allow, List<Rule> deny) {
    static final Access CONNECT = new Access("connect to", "connect", List.of(), List.of());
    static final Access LISTEN = new Access("listen on", "listen", List.of(), List.of());

    Access allow(Rule... rules) {
        return new Access(
                verb, flag, Stream.concat(allow.stream(), Stream.of(rules)).toList(), deny);
    }

    Access deny(Rule... rules) {
        return new Access(
                verb,
                flag,
                allow,
                Stream.concat(deny.stream(), Stream.of(rules)).toList());
    }

    /**
     * That a rule denies an endpoint, if one does.
     *
     * @param wider why a rule denies an endpoint that it does not hold
     */
    Optional<String> denied(Endpoint endpoint, Predicate<Rule> denies, String wider) {
        for (Rule rule : deny) {
            if (!denies.test(rule)) continue;
            String why = rule.contains(endpoint) ? "" : ", " + wider;
            return Optional.of(verb + " " + endpoint + " denied by --deny-" + flag + " " + rule + why);
        }
        return Optional.empty();
    }

    /**
     * That no rule allows an endpoint, if none does: none that holds it, and lies within each block of the floor that
     * holds it.
     *
     * @param alone the rule that allows the endpoint and nothing else
     */
    Optional<String> notAllowed(Endpoint endpoint, List<Floor> floor, Rule alone) {
        List<Rule> holding =
                allow.stream().filter(rule -> rule.contains(endpoint)).toList();
        List<Floor> toName = floor.stream().filter(f -> f.contains(endpoint)).toList();
        if (holding.stream().anyMatch(rule -> toName.stream().allMatch(f -> rule.within(f.block())))) {
            return Optional.empty();
        }
        String why = holding.isEmpty() ? "no rule allows it" : "no rule names " + unnamed(holding, toName);
        String cure = "allow it with --allow-" + flag + " " + alone;
        return Optional.of(verb + " " + endpoint + " denied: " + why + "; " + cure);
    }

    /** What none of the rules names; all there is to name where each is named, but not all by one rule. */
    private static String unnamed(List<Rule> holding, List<Floor> toName) {
        List<Floor> unnamed = toName.stream()
                .filter(f -> holding.stream().noneMatch(rule -> rule.within(f.block())))
                .toList();
        return (unnamed.isEmpty() ? toName : unnamed).stream().map(Floor::name).collect(Collectors.joining(" and "));
    }
}
