package arca.cli.policy;

import arca.bindings.ErrnoException;
import arca.bindings.SocketAddress;
import arca.bindings.Users;
import arca.cli.policy.PolicyFileException.Problem;
import arca.cli.policy.Section.Rules;
import arca.cli.policy.Section.SectionLimits;
import arca.monitor.config.ControlAccess;
import arca.monitor.config.ControlPoint;
import arca.monitor.config.Profile.OnReload;
import arca.monitor.policy.Policy;
import arca.monitor.policy.Rule;
import arca.monitor.policy.RuleSyntaxException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** Reads the sections of a policy file, and collects everything that is wrong with them. */
final class PolicyReader {
    private static final Set<String> WHOLE_MONITOR = Set.of(
            "guests_per_uid", "pipe_memory", "copy_memory", "request_rate", "share"); // limits that no section has
    private static final int MAX_REASON = 200; // characters
    private static final long MAX_ID = 0xffff_fffeL; // the kernel takes 2^32 - 1 for "no id"

    private final Path file;
    private final List<Problem> problems = new ArrayList<>();
    private final Map<String, Section> sections = new LinkedHashMap<>();
    private final Map<String, TomlPosition> headers = new HashMap<>(); // by the section's name
    private final Set<String> selecting = new HashSet<>(); // names of sections that select guests, or try to
    private final Map<Object, String> selected = new HashMap<>(); // which section names a socket, a user or a group

    PolicyReader(Path file, String text) {
        this.file = file;
        TomlParseResult toml = Toml.parse(text);
        toml.errors().forEach(error -> problem(error.position(), error.getMessage()));
        for (String key : toml.keySet()) {
            List<String> path = List.of(key);
            switch (key) {
                case PolicyFile.DEFAULT -> readSection(toml, path, Optional.empty());
                case "guest" ->
                    new Keys(toml, path, "a table for each section, such as [guest.agents]")
                            .each((label, at) -> readSection(toml, List.of("guest", label), Optional.of(label)));
                default -> problem(toml.inputPositionOf(path), unknown(key, "[default] and [guest.LABEL]"));
            }
        }
        checkParents();
    }

    /** Returns the sections by their names. */
    Map<String, Section> sections() {
        return sections;
    }

    /** Returns what is wrong, in the order of the file. */
    List<Problem> problems() {
        return problems.stream()
                .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
                .toList();
    }

    private void problem(TomlPosition at, String text) {
        problem(at, 0, text);
    }

    private void problem(TomlPosition at, int offset, String text) {
        problems.add(new Problem(
                at.line(), at.column() + offset, text.lines().findFirst().orElse("")));
    }

    private static String unknown(String key, String known) {
        return "unknown key \"" + key + "\"; known are " + known;
    }

    /** The keys of a table. Where something else than a table is, that is a problem, and there are no keys. */
    private final class Keys {
        private final Optional<TomlTable> table;

        Keys(TomlTable parent, List<String> path, String wanted) {
            Object value = parent.get(path);
            table = value instanceof TomlTable found ? Optional.of(found) : Optional.empty();
            if (table.isEmpty()) problem(parent.inputPositionOf(path), "here must be " + wanted);
        }

        /** Calls an action for each key, with the position of the key. */
        void each(java.util.function.BiConsumer<String, TomlPosition> action) {
            table.ifPresent(found ->
                    found.keySet().forEach(key -> action.accept(key, found.inputPositionOf(List.of(key)))));
        }

        /** Returns the value of a key that is there. */
        Value value(String key) {
            TomlTable found = table.orElseThrow();
            return new Value(found.get(List.of(key)), found.inputPositionOf(List.of(key)));
        }
    }

    /** A value and where it is written. */
    private record Value(Object value, TomlPosition at) {}

    /** What is read of a section so far. */
    private static final class Draft {
        Optional<String> parent = Optional.empty();
        final List<Path> sockets = new ArrayList<>();
        final List<Integer> uids = new ArrayList<>();
        final List<Integer> gids = new ArrayList<>();
        final Map<String, List<Rule>> rules = new HashMap<>();
        final Map<String, Integer> limits = new HashMap<>();
        Optional<String> reason = Optional.empty();
        Optional<OnReload> onReload = Optional.empty();
        Optional<Integer> mode = Optional.empty();
        Optional<GroupPrincipal> group = Optional.empty();
        Optional<TomlPosition> access = Optional.empty(); // where mode or group is

        List<Rule> rules(String kind) {
            return rules.getOrDefault(kind, List.of());
        }

        OptionalInt limit(String name) {
            return limits.containsKey(name) ? OptionalInt.of(limits.get(name)) : OptionalInt.empty();
        }

        Section section(Optional<String> label) {
            int bits = mode.orElse(group.isPresent() ? 0660 : 0600);
            ControlAccess access = new ControlAccess(bits, group);
            return new Section(
                    label,
                    parent,
                    sockets.stream().map(path -> new ControlPoint(path, access)).toList(),
                    List.copyOf(uids),
                    List.copyOf(gids),
                    new Rules(
                            rules("connect.allow"), rules("connect.deny"), rules("listen.allow"), rules("listen.deny")),
                    new SectionLimits(
                            limit("connections"),
                            limit("listeners"),
                            limit("waiting_accepts"),
                            limit("connecting"),
                            limit("guests")),
                    reason,
                    onReload);
        }
    }

    private void readSection(TomlTable toml, List<String> path, Optional<String> label) {
        String name = label.orElse(PolicyFile.DEFAULT);
        TomlPosition header = toml.inputPositionOf(path);
        label.ifPresent(text -> checkLabel(text, header));
        headers.put(name, header);
        Draft draft = new Draft();
        Keys keys = new Keys(toml, path, "a table");
        keys.each((key, at) -> {
            Value value = keys.value(key);
            switch (key) {
                case "connect", "listen" -> readRules(keys, key, draft);
                case "limits" -> readLimits(keys, draft);
                case "reason" -> draft.reason = string(value).flatMap(text -> reason(text, at));
                case "on_reload" -> draft.onReload = string(value).flatMap(text -> onReload(text, at));
                case "select", "extends", "mode", "group" -> {
                    if (label.isEmpty()) problem(at, "[default] has no \"" + key + "\": it is for all other guests");
                    else readSelection(keys, key, name, draft);
                }
                default ->
                    problem(
                            at,
                            unknown(
                                    key,
                                    "select, extends, connect, listen, limits, reason, on_reload, mode and group"));
            }
        });
        if (draft.access.isPresent() && draft.sockets.isEmpty()) {
            problem(draft.access.get(), "mode and group are for the socket of select.socket, and there is none");
        }
        sections.put(name, draft.section(label));
    }

    private void checkLabel(String label, TomlPosition at) {
        if (label.equals(PolicyFile.DEFAULT)) problem(at, "the label \"default\" is taken by the section [default]");
        if (!label.matches("[A-Za-z0-9_-]{1,32}")) {
            problem(at, "a label has 1 to 32 letters, digits, hyphens and underscores");
        }
    }

    private void readRules(Keys keys, String operation, Draft draft) {
        Keys kinds = nested(keys, operation, "allow and deny, such as " + operation + ".allow = [\"any:443\"]");
        kinds.each((kind, at) -> {
            if (!kind.equals("allow") && !kind.equals("deny")) {
                problem(at, unknown(operation + "." + kind, operation + ".allow and " + operation + ".deny"));
                return;
            }
            List<Rule> rules = new ArrayList<>();
            each(
                    kinds.value(kind),
                    "a list of rules, such as [\"any:443\"]",
                    true,
                    item -> string(item)
                            .flatMap(text -> rule(text, item.at(), operation.equals("listen")))
                            .ifPresent(rules::add));
            draft.rules.put(operation + "." + kind, rules);
        });
    }

    private Optional<Rule> rule(String text, TomlPosition at, boolean isForListens) {
        try {
            Rule rule = Rule.parse(text, file + ":" + at.line() + ":" + at.column());
            if (isForListens) Policy.checkListen(rule);
            return Optional.of(rule);
        } catch (RuleSyntaxException e) {
            problem(at, 1 + e.position(), e.getMessage()); // the text begins after a quotation mark
            return Optional.empty();
        }
    }

    private void readLimits(Keys keys, Draft draft) {
        Keys limits = nested(keys, "limits", "limits, such as limits.connections = 500");
        limits.each((key, at) -> {
            switch (key) {
                case "connections", "listeners", "waiting_accepts", "connecting", "guests" -> {
                    boolean isCount = limits.value(key).value() instanceof Long n && n >= 1 && n <= Integer.MAX_VALUE;
                    if (isCount)
                        draft.limits.put(
                                key, Math.toIntExact((Long) limits.value(key).value()));
                    else problem(at, "limits." + key + " is a whole number from 1 to " + Integer.MAX_VALUE);
                }
                default ->
                    problem(
                            at,
                            WHOLE_MONITOR.contains(key)
                                    ? "limits." + key + " is for the whole monitor: use the option --"
                                            + (key.equals("guests_per_uid")
                                                    ? "max-guests-per-uid"
                                                    : key.replace('_', '-'))
                                    : unknown(
                                            "limits." + key,
                                            "connections, listeners, waiting_accepts, connecting and guests"));
            }
        });
    }

    private void readSelection(Keys keys, String key, String section, Draft draft) {
        Value value = keys.value(key);
        switch (key) {
            case "extends" -> draft.parent = string(value);
            case "mode" -> {
                draft.mode = string(value).flatMap(text -> mode(text, value.at()));
                draft.access = Optional.of(value.at());
            }
            case "group" -> {
                draft.group = string(value).flatMap(text -> group(text, value.at()));
                draft.access = Optional.of(value.at());
            }
            default -> {
                selecting.add(section);
                Keys select = nested(keys, "select", "uid, gid or socket, such as select.uid = 1001");
                select.each((by, at) -> {
                    switch (by) {
                        case "uid" -> ids(select.value(by), "user", Users::uid, section, draft.uids);
                        case "gid" -> ids(select.value(by), "group", Users::gid, section, draft.gids);
                        case "socket" ->
                            each(
                                    select.value(by),
                                    "a path",
                                    false,
                                    item -> string(item)
                                            .flatMap(text -> socket(text, item.at()))
                                            .filter(path -> isOnly(path, "the socket " + path, section, item.at()))
                                            .ifPresent(draft.sockets::add));
                        default -> problem(at, unknown("select." + by, "select.uid, select.gid and select.socket"));
                    }
                });
            }
        }
    }

    private Keys nested(Keys keys, String key, String wanted) {
        return new Keys(keys.table.orElseThrow(), List.of(key), wanted);
    }

    /** Looks up an id by name. */
    @FunctionalInterface
    private interface Lookup {
        OptionalInt id(String name) throws ErrnoException;
    }

    /** An id of a kind, as a key. */
    private record Id(String kind, int id) {}

    private void ids(Value value, String kind, Lookup lookup, String section, List<Integer> ids) {
        each(value, "a number or a name, or a list of them", false, item -> {
            OptionalInt id = id(item, kind, lookup);
            if (id.isEmpty()) return;
            String words = "the " + kind + " " + Integer.toUnsignedString(id.getAsInt());
            if (isOnly(new Id(kind, id.getAsInt()), words, section, item.at())) ids.add(id.getAsInt());
        });
    }

    private OptionalInt id(Value item, String kind, Lookup lookup) {
        if (item.value() instanceof Long number) {
            if (number >= 0 && number <= MAX_ID) return OptionalInt.of((int) (long) number);
            problem(item.at(), "the id of a " + kind + " is 0 to " + MAX_ID + ", not " + number);
            return OptionalInt.empty();
        }
        if (!(item.value() instanceof String name)) {
            problem(item.at(), "here must be the number or the name of a " + kind);
            return OptionalInt.empty();
        }
        try {
            OptionalInt id = lookup.id(name);
            if (id.isEmpty()) problem(item.at(), "there is no " + kind + " \"" + name + "\"");
            return id;
        } catch (ErrnoException e) {
            problem(
                    item.at(),
                    "the system does not tell the id of the " + kind + " \"" + name + "\": " + e.getMessage());
            return OptionalInt.empty();
        }
    }

    /** Returns whether no other section names this, too. */
    private boolean isOnly(Object key, String words, String section, TomlPosition at) {
        String other = selected.putIfAbsent(key, section);
        if (other == null || other.equals(section)) return other == null;
        problem(at, "[guest." + other + "] names " + words + ", too: only one section can");
        return false;
    }

    private Optional<Path> socket(String text, TomlPosition at) {
        if (!text.startsWith("/")) {
            problem(at, "the path of a socket begins with /: " + text);
            return Optional.empty();
        }
        try {
            SocketAddress.Unix.path(text);
            return Optional.of(PolicyFile.normal(Path.of(text)));
        } catch (InvalidPathException e) {
            problem(at, "not a path: " + e.getReason());
        } catch (IllegalArgumentException e) {
            problem(at, text + ": " + e.getMessage());
        }
        return Optional.empty();
    }

    private Optional<Integer> mode(String text, TomlPosition at) {
        if (text.matches("0?[0-7]{1,3}")) return Optional.of(Integer.parseInt(text, 8));
        problem(at, "\"" + text + "\" is not an octal mode, such as \"0660\"");
        return Optional.empty();
    }

    private Optional<GroupPrincipal> group(String text, TomlPosition at) {
        try {
            return Optional.of(
                    FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByGroupName(text));
        } catch (IOException e) {
            problem(at, "there is no group \"" + text + "\"");
            return Optional.empty();
        }
    }

    private Optional<String> reason(String text, TomlPosition at) {
        boolean isOneLine = text.chars().noneMatch(Character::isISOControl);
        if (isOneLine && text.length() <= MAX_REASON) return Optional.of(text);
        problem(at, "a reason is one line of at most " + MAX_REASON + " characters");
        return Optional.empty();
    }

    private Optional<OnReload> onReload(String text, TomlPosition at) {
        switch (text) {
            case "keep" -> {
                return Optional.of(OnReload.KEEP);
            }
            case "cut" -> {
                return Optional.of(OnReload.CUT);
            }
            default -> {
                problem(at, "on_reload is \"keep\" or \"cut\", not \"" + text + "\"");
                return Optional.empty();
            }
        }
    }

    private Optional<String> string(Value value) {
        if (value.value() instanceof String text) return Optional.of(text);
        problem(value.at(), "here must be a string in quotation marks");
        return Optional.empty();
    }

    /** Calls an action for each item of a list, or for a value that stands alone. */
    private void each(Value value, String wanted, boolean mustBeList, Consumer<Value> action) {
        if (value.value() instanceof TomlArray items) {
            for (int i = 0; i < items.size(); i++) action.accept(new Value(items.get(i), items.inputPositionOf(i)));
        } else if (mustBeList || value.value() instanceof TomlTable) {
            problem(value.at(), "here must be " + wanted);
        } else {
            action.accept(value);
        }
    }

    // Sections that refer to others.

    private void checkParents() {
        Set<String> extended = new HashSet<>();
        sections.values().forEach(section -> section.parent().ifPresent(extended::add));
        sections.forEach((name, section) -> {
            section.parent().ifPresent(parent -> checkParent(name, parent));
            if (section.label().isPresent() && !selecting.contains(name) && !extended.contains(name)) {
                problem(
                        headers.get(name),
                        "[guest." + name + "] selects no guest: add select.uid, select.gid or select.socket");
            }
        });
    }

    private void checkParent(String name, String parent) {
        if (!parent.equals(PolicyFile.DEFAULT) && !sections.containsKey(parent)) {
            problem(headers.get(name), "[guest." + name + "] extends \"" + parent + "\", and there is no such section");
            return;
        }
        Set<String> seen = new HashSet<>(Set.of(name));
        Function<String, Optional<String>> next =
                each -> Optional.ofNullable(sections.get(each)).flatMap(Section::parent);
        for (Optional<String> at = Optional.of(parent); at.isPresent(); at = next.apply(at.get())) {
            if (seen.add(at.get())) continue;
            if (at.get().equals(name)) problem(headers.get(name), "[guest." + name + "] extends itself");
            sections.put(name, withoutParent(sections.get(name))); // each circle is one problem
            return;
        }
    }

    private static Section withoutParent(Section section) {
        return new Section(
                section.label(),
                Optional.empty(),
                section.sockets(),
                section.uids(),
                section.gids(),
                section.rules(),
                section.limits(),
                section.reason(),
                section.onReload());
    }
}
