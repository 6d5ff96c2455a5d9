package arca.cli.policy;

import arca.cli.policy.Keys.Entry;
import arca.cli.policy.Keys.Value;
import arca.cli.policy.Section.Rules;
import arca.cli.policy.Section.SectionLimits;
import arca.monitor.config.ControlAccess;
import arca.monitor.config.ControlPoint;
import arca.monitor.config.Profile.OnReload;
import arca.monitor.policy.Policy;
import arca.monitor.policy.Rule;
import arca.monitor.policy.RuleSyntaxException;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import org.tomlj.TomlPosition;

/** Reads one section of a policy file. */
final class SectionReader {
    private static final Set<String> OF_THE_WHOLE_MONITOR =
            Set.of("guests_per_uid", "pipe_memory", "copy_memory", "request_rate", "share"); // no section has these
    private static final int MAX_REASON = 200; // characters

    private final Path file;
    private final Problems problems;
    private final Selectors selectors;
    private final Optional<String> label;
    private Optional<String> parent = Optional.empty();
    private final List<Path> sockets = new ArrayList<>();
    private final List<Integer> uids = new ArrayList<>();
    private final List<Integer> gids = new ArrayList<>();
    private final Map<String, List<Rule>> rules = new HashMap<>(); // by key, such as connect.allow
    private final Map<String, Integer> limits = new HashMap<>();
    private Optional<String> reason = Optional.empty();
    private Optional<OnReload> onReload = Optional.empty();
    private Optional<Integer> mode = Optional.empty();
    private Optional<GroupPrincipal> group = Optional.empty();
    private Optional<TomlPosition> access = Optional.empty(); // where mode or group is
    private boolean selects;

    /**
     * Creates a reader that has read nothing.
     *
     * @param label the label of the section; empty for the default section
     */
    SectionReader(Path file, Problems problems, Selectors selectors, Optional<String> label) {
        this.file = file;
        this.problems = problems;
        this.selectors = selectors;
        this.label = label;
    }

    /** Reads the section. */
    Section read(Keys keys) {
        keys.each(entry -> read(keys, entry));
        if (access.isPresent() && sockets.isEmpty()) {
            problems.add(access.get(), "mode and group are for the socket of select.socket, and there is none");
        }
        ControlAccess who = new ControlAccess(mode.orElse(SocketAccess.usualMode(group)), group);
        return new Section(
                label,
                parent,
                sockets.stream().map(path -> new ControlPoint(path, who)).toList(),
                List.copyOf(uids),
                List.copyOf(gids),
                new Rules(rules("connect.allow"), rules("connect.deny"), rules("listen.allow"), rules("listen.deny")),
                new SectionLimits(
                        limit("connections"),
                        limit("listeners"),
                        limit("waiting_accepts"),
                        limit("connecting"),
                        limit("guests")),
                reason,
                onReload);
    }

    /** Returns whether the section selects guests, or tries to. */
    boolean selects() {
        return selects;
    }

    private List<Rule> rules(String key) {
        return rules.getOrDefault(key, List.of());
    }

    private OptionalInt limit(String name) {
        return limits.containsKey(name) ? OptionalInt.of(limits.get(name)) : OptionalInt.empty();
    }

    private void read(Keys keys, Entry entry) {
        Value value = entry.value();
        switch (entry.key()) {
            case "connect", "listen" -> readRules(keys, entry.key());
            case "limits" ->
                keys.of("limits", "limits, such as limits.connections = 500").each(this::readLimit);
            case "reason" -> reason = value.string().flatMap(text -> reason(text, value.at()));
            case "on_reload" -> onReload = onReload(value);
            case "select", "extends", "mode", "group" -> {
                if (label.isPresent()) readSelection(keys, entry);
                else problems.add(value.at(), "[default] has no \"" + entry.key() + "\": it is for all other guests");
            }
            default ->
                problems.unknownKey(
                        value.at(),
                        entry.key(),
                        "select, extends, connect, listen, limits, reason, on_reload, mode and group");
        }
    }

    private void readRules(Keys keys, String operation) {
        String known = operation + ".allow and " + operation + ".deny";
        keys.of(operation, "allow and deny, such as " + operation + ".allow = [\"any:443\"]")
                .each(entry -> {
                    String key = operation + "." + entry.key();
                    if (!entry.key().equals("allow") && !entry.key().equals("deny")) {
                        problems.unknownKey(entry.value().at(), key, known);
                        return;
                    }
                    List<Rule> read = new ArrayList<>();
                    entry.value()
                            .eachOfList(
                                    "a list of rules, such as [\"any:443\"]",
                                    item -> item.string()
                                            .flatMap(text -> rule(text, item.at(), operation.equals("listen")))
                                            .ifPresent(read::add));
                    rules.put(key, read);
                });
    }

    private Optional<Rule> rule(String text, TomlPosition at, boolean isForListens) {
        try {
            Rule rule = Rule.parse(text, file + ":" + at.line() + ":" + at.column());
            if (isForListens) Policy.checkListen(rule);
            return Optional.of(rule);
        } catch (RuleSyntaxException e) {
            problems.add(at, 1 + e.position(), e.getMessage()); // the text begins after a quotation mark
            return Optional.empty();
        }
    }

    private void readLimit(Entry entry) {
        String name = entry.key();
        TomlPosition at = entry.value().at();
        switch (name) {
            case "connections", "listeners", "waiting_accepts", "connecting", "guests" -> {
                boolean isCount = entry.value().value() instanceof Long n && n >= 1 && n <= Integer.MAX_VALUE;
                if (isCount)
                    limits.put(name, Math.toIntExact((Long) entry.value().value()));
                else problems.add(at, "limits." + name + " is a whole number from 1 to " + Integer.MAX_VALUE);
            }
            default -> {
                String known = "connections, listeners, waiting_accepts, connecting and guests";
                if (!OF_THE_WHOLE_MONITOR.contains(name)) problems.unknownKey(at, "limits." + name, known);
                else problems.add(at, "limits." + name + " is for the whole monitor: use the option --" + option(name));
            }
        }
    }

    private static String option(String limit) {
        return limit.equals("guests_per_uid") ? "max-guests-per-uid" : limit.replace('_', '-');
    }

    private void readSelection(Keys keys, Entry entry) {
        Value value = entry.value();
        switch (entry.key()) {
            case "extends" -> parent = value.string();
            case "mode" -> {
                mode = value.string().flatMap(text -> parsed(text, value.at(), SocketAccess::mode));
                access = Optional.of(value.at());
            }
            case "group" -> {
                group = value.string().flatMap(text -> parsed(text, value.at(), SocketAccess::group));
                access = Optional.of(value.at());
            }
            default -> {
                selects = true;
                keys.of("select", "uid, gid or socket, such as select.uid = 1001")
                        .each(this::readSelector);
            }
        }
    }

    private <T> Optional<T> parsed(String text, TomlPosition at, Function<String, T> parser) {
        try {
            return Optional.of(parser.apply(text));
        } catch (IllegalArgumentException e) {
            problems.add(at, e.getMessage());
            return Optional.empty();
        }
    }

    private void readSelector(Entry entry) {
        String name = label.orElseThrow();
        Value value = entry.value();
        String ids = "a number or a name, or a list of them";
        switch (entry.key()) {
            case "uid" -> value.eachItem(ids, item -> selectors.user(item, name).ifPresent(uids::add));
            case "gid" ->
                value.eachItem(ids, item -> selectors.group(item, name).ifPresent(gids::add));
            case "socket" ->
                value.eachItem("a path", item -> selectors.socket(item, name).ifPresent(sockets::add));
            default ->
                problems.unknownKey(value.at(), "select." + entry.key(), "select.uid, select.gid and select.socket");
        }
    }

    private Optional<String> reason(String text, TomlPosition at) {
        boolean isOneLine = text.chars().noneMatch(Character::isISOControl);
        if (isOneLine && text.length() <= MAX_REASON) return Optional.of(text);
        problems.add(at, "a reason is one line of at most " + MAX_REASON + " characters");
        return Optional.empty();
    }

    /** Reads what happens to live connections that a new version of the file denies; empty after a problem. */
    static Optional<OnReload> onReload(Value value) {
        Optional<String> text = value.string();
        if (text.isEmpty()) return Optional.empty();
        if (text.get().equals("keep")) return Optional.of(OnReload.KEEP);
        if (text.get().equals("cut")) return Optional.of(OnReload.CUT);
        value.problems().add(value.at(), "on_reload is \"keep\" or \"cut\", not \"" + text.get() + "\"");
        return Optional.empty();
    }
}
