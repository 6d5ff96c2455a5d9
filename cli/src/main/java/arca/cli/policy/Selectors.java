package arca.cli.policy;

import arca.bindings.ErrnoException;
import arca.bindings.SocketAddress;
import arca.bindings.Users;
import arca.cli.policy.Keys.Value;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.tomlj.TomlPosition;

/** Reads by what sections select guests, and sees that no two sections name the same. */
final class Selectors {
    private static final long MAX_ID = 0xffff_fffeL; // the kernel takes 2^32 - 1 for "no id"

    private final Problems problems;
    private final Map<Object, String> named = new HashMap<>(); // the section that names a socket, a user or a group

    Selectors(Problems problems) {
        this.problems = problems;
    }

    /** Looks up an id by name. */
    @FunctionalInterface
    private interface Lookup {
        OptionalInt id(String name) throws ErrnoException;
    }

    /** An id of a kind, as a key. */
    private record Id(String kind, int id) {}

    /** Returns the id of a user that a section names; empty after a problem. */
    OptionalInt user(Value item, String section) {
        return id(item, "user", Users::uid, section);
    }

    /** Returns the id of a group that a section names; empty after a problem. */
    OptionalInt group(Value item, String section) {
        return id(item, "group", Users::gid, section);
    }

    private OptionalInt id(Value item, String kind, Lookup lookup, String section) {
        OptionalInt id = id(item, kind, lookup);
        if (id.isEmpty()) return id;
        String words = "the " + kind + " " + Integer.toUnsignedString(id.getAsInt());
        return isOnly(new Id(kind, id.getAsInt()), words, section, item.at()) ? id : OptionalInt.empty();
    }

    private OptionalInt id(Value item, String kind, Lookup lookup) {
        if (item.value() instanceof Long number) {
            if (number >= 0 && number <= MAX_ID) return OptionalInt.of((int) (long) number);
            problems.add(item.at(), "the id of a " + kind + " is 0 to " + MAX_ID + ", not " + number);
            return OptionalInt.empty();
        }
        if (!(item.value() instanceof String name)) {
            problems.add(item.at(), "here must be the number or the name of a " + kind);
            return OptionalInt.empty();
        }
        try {
            OptionalInt id = lookup.id(name);
            if (id.isEmpty()) problems.add(item.at(), "there is no " + kind + " \"" + name + "\"");
            return id;
        } catch (ErrnoException e) {
            problems.add(
                    item.at(),
                    "the system does not tell the id of the " + kind + " \"" + name + "\": " + e.getMessage());
            return OptionalInt.empty();
        }
    }

    /** Returns the path of a socket that a section names; empty after a problem. */
    Optional<Path> socket(Value item, String section) {
        return item.string()
                .flatMap(text -> path(text, item.at()))
                .filter(path -> isOnly(path, "the socket " + path, section, item.at()));
    }

    private Optional<Path> path(String text, TomlPosition at) {
        if (!text.startsWith("/")) {
            problems.add(at, "the path of a socket begins with /: " + text);
            return Optional.empty();
        }
        try {
            SocketAddress.Unix.path(text);
            return Optional.of(PolicyFile.normal(Path.of(text)));
        } catch (InvalidPathException e) {
            problems.add(at, "not a path: " + e.getReason());
        } catch (IllegalArgumentException e) {
            problems.add(at, text + ": " + e.getMessage());
        }
        return Optional.empty();
    }

    /** Returns whether this is the first time that it is named. If another section names it, that is a problem. */
    private boolean isOnly(Object key, String words, String section, TomlPosition at) {
        String other = named.putIfAbsent(key, section);
        if (other == null || other.equals(section)) return other == null;
        problems.add(at, "[guest." + other + "] names " + words + ", too: only one section can");
        return false;
    }
}
