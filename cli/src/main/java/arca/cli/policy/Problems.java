package arca.cli.policy;

import arca.cli.policy.PolicyFileException.Problem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.tomlj.TomlPosition;

/** Collects what is wrong with a file. */
final class Problems {
    private final List<Problem> found = new ArrayList<>();

    void add(TomlPosition at, String text) {
        add(at, 0, text);
    }

    /**
     * Adds a problem.
     *
     * @param offset how many columns after the position
     */
    void add(TomlPosition at, int offset, String text) {
        String line = text.lines().findFirst().orElse("");
        found.add(new Problem(at.line(), at.column() + offset, line));
    }

    /** Adds that a key is unknown. */
    void unknownKey(TomlPosition at, String key, String known) {
        add(at, "unknown key \"" + key + "\"; known are " + known);
    }

    /** Returns what is wrong, in the order of the file. */
    List<Problem> inOrder() {
        return found.stream()
                .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
                .toList();
    }
}
