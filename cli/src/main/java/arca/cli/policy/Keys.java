package arca.cli.policy;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** The keys of a table. Where something else than a table is, that is a problem, and there are no keys. */
final class Keys {
    private final Problems problems;
    private final Optional<TomlTable> table;

    /**
     * Finds the keys of a table.
     *
     * @param path where the table is in its parent
     * @param wanted what must be there, in words
     */
    Keys(Problems problems, TomlTable parent, List<String> path, String wanted) {
        this.problems = problems;
        this.table = parent.get(path) instanceof TomlTable found ? Optional.of(found) : Optional.empty();
        if (table.isEmpty()) problems.add(parent.inputPositionOf(path), "here must be " + wanted);
    }

    /** A key with its value. */
    record Entry(String key, Value value) {}

    /**
     * A value.
     *
     * @param at where it is written: an item of a list by itself, any other value at its key
     */
    record Value(Object value, TomlPosition at, Problems problems) {
        /** Returns the text; if it is something else, that is a problem. */
        Optional<String> string() {
            if (value instanceof String text) return Optional.of(text);
            problems.add(at, "here must be a string in quotation marks");
            return Optional.empty();
        }

        /** Calls an action for each item of a list, or for a value that stands alone. */
        void eachItem(String wanted, Consumer<Value> action) {
            if (value instanceof TomlArray) eachOfList(wanted, action);
            else if (value instanceof TomlTable) problems.add(at, "here must be " + wanted);
            else action.accept(this);
        }

        /** Calls an action for each item of a list; if the value is no list, that is a problem. */
        void eachOfList(String wanted, Consumer<Value> action) {
            if (!(value instanceof TomlArray items)) {
                problems.add(at, "here must be " + wanted);
                return;
            }
            for (int i = 0; i < items.size(); i++) {
                action.accept(new Value(items.get(i), items.inputPositionOf(i), problems));
            }
        }
    }

    /** Calls an action for each key. */
    void each(Consumer<Entry> action) {
        table.ifPresent(found -> found.keySet().forEach(key -> action.accept(entry(found, key))));
    }

    private Entry entry(TomlTable found, String key) {
        List<String> path = List.of(key);
        return new Entry(key, new Value(found.get(path), found.inputPositionOf(path), problems));
    }

    /** Returns the keys of a table inside this one. The key must be there. */
    Keys of(String key, String wanted) {
        return new Keys(problems, table.orElseThrow(), List.of(key), wanted);
    }
}
