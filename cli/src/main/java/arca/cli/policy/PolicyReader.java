package arca.cli.policy;

import arca.cli.policy.Keys.Value;
import arca.cli.policy.PolicyFileException.Problem;
import arca.monitor.config.Profile.OnReload;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.tomlj.Toml;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;

/** Reads the sections of a policy file, and collects everything that is wrong with them. */
final class PolicyReader {
    private final Path file;
    private final Problems problems = new Problems();
    private final Selectors selectors = new Selectors(problems);
    private final TomlParseResult toml;
    private final Map<String, Section> sections = new LinkedHashMap<>(); // by name
    private final Map<String, TomlPosition> headers = new HashMap<>(); // by the section's name
    private Optional<OnReload> onReload = Optional.empty();
    private final Set<String> selecting = new HashSet<>(); // names of sections that select guests, or try to

    PolicyReader(Path file, String text) {
        this.file = file;
        this.toml = Toml.parse(text);
        toml.errors().forEach(error -> problems.add(error.position(), error.getMessage()));
        for (String key : toml.keySet()) {
            List<String> path = List.of(key);
            switch (key) {
                case PolicyFile.DEFAULT -> readSection(path, Optional.empty());
                case "guest" ->
                    new Keys(problems, toml, path, "a table for each section, such as [guest.agents]")
                            .each(entry -> readSection(List.of("guest", entry.key()), Optional.of(entry.key())));
                case "on_reload" ->
                    onReload = SectionReader.onReload(new Value(toml.get(path), toml.inputPositionOf(path), problems));
                default ->
                    problems.unknownKey(toml.inputPositionOf(path), key, "[default], [guest.LABEL] and on_reload");
            }
        }
        checkParents();
    }

    /** Returns what is said for all sections that say nothing themselves. */
    Optional<OnReload> onReload() {
        return onReload;
    }

    /** Returns the sections by their names. */
    Map<String, Section> sections() {
        return sections;
    }

    /** Returns what is wrong, in the order of the file. */
    List<Problem> problems() {
        return problems.inOrder();
    }

    private void readSection(List<String> path, Optional<String> label) {
        TomlPosition header = toml.inputPositionOf(path);
        label.ifPresent(text -> checkLabel(text, header));
        SectionReader reader = new SectionReader(file, problems, selectors, label);
        Section section = reader.read(new Keys(problems, toml, path, "a table"));
        if (reader.selects()) selecting.add(section.name());
        headers.put(section.name(), header);
        sections.put(section.name(), section);
    }

    private void checkLabel(String label, TomlPosition at) {
        if (label.equals(PolicyFile.DEFAULT))
            problems.add(at, "the label \"default\" is taken by the section [default]");
        if (!label.matches("[A-Za-z0-9_-]{1,32}")) {
            problems.add(at, "a label has 1 to 32 letters, digits, hyphens and underscores");
        }
    }

    // Sections that refer to others.

    private void checkParents() {
        Set<String> extended = new HashSet<>();
        sections.values().forEach(section -> section.parent().ifPresent(extended::add));
        sections.forEach((name, section) -> {
            section.parent().ifPresent(parent -> checkParent(name, parent));
            if (section.label().isPresent() && !selecting.contains(name) && !extended.contains(name)) {
                problems.add(
                        headers.get(name),
                        "[guest." + name + "] selects no guest: add select.uid, select.gid or select.socket");
            }
        });
    }

    private void checkParent(String name, String parent) {
        if (!parent.equals(PolicyFile.DEFAULT) && !sections.containsKey(parent)) {
            problems.add(
                    headers.get(name), "[guest." + name + "] extends \"" + parent + "\", and there is no such section");
            return;
        }
        Set<String> seen = new HashSet<>(Set.of(name));
        Function<String, Optional<String>> next =
                each -> Optional.ofNullable(sections.get(each)).flatMap(Section::parent);
        for (Optional<String> at = Optional.of(parent); at.isPresent(); at = next.apply(at.get())) {
            if (seen.add(at.get())) continue;
            if (at.get().equals(name)) problems.add(headers.get(name), "[guest." + name + "] extends itself");
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
