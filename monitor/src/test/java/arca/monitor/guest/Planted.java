package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.spi.ToolProvider;

/**
 * Loads the monitor with a bug: copies its source, changes a few words, compiles it, and loads it beside the original.
 * So the monitor needs no switches for its tests. If the words are no longer in the source, the test fails.
 */
final class Planted extends ClassLoader {
    private static final Path SOURCES = Path.of("src/main/java");
    private static final String MONITOR = "arca.monitor.";
    private static final ToolProvider JAVAC = ToolProvider.findFirst("javac").orElseThrow();

    /**
     * A change of a class's source.
     *
     * @param type the name of the class, without {@code arca.monitor.}
     * @param from the words to be replaced; they must be in the source exactly once
     * @param to the new words
     */
    record Change(String type, String from, String to) {}

    private final Path changed;

    private Planted(Path changed) {
        super(Planted.class.getClassLoader());
        setDefaultAssertionStatus(Planted.class.desiredAssertionStatus()); // a class loader does not inherit it
        this.changed = changed;
    }

    /**
     * Returns the class History, loaded together with a monitor that has the bug.
     *
     * @param directory an empty directory, which must exist as long as the class is used
     */
    static Class<?> history(Path directory, List<Change> changes) throws ReflectiveOperationException, IOException {
        Map<String, String> texts = new HashMap<>();
        for (Change change : changes) texts.compute(change.type(), (type, text) -> apply(change, type, text));
        List<String> arguments = new ArrayList<>(List.of(
                "-proc:none",
                "-d",
                directory.toString(),
                "-cp",
                ChildJvm.sameClasses().getLast()));
        for (Map.Entry<String, String> text : texts.entrySet()) {
            Path source = directory.resolve(file(MONITOR + text.getKey(), "java"));
            Files.createDirectories(source.getParent());
            arguments.add(Files.writeString(source, text.getValue()).toString());
        }
        StringWriter output = new StringWriter();
        PrintWriter printer = new PrintWriter(output);
        assertEquals(0, JAVAC.run(printer, printer, arguments.toArray(String[]::new)), output::toString);
        return new Planted(directory).loadClass(History.class.getName());
    }

    private static String apply(Change change, String type, String textSoFar) {
        try {
            String text =
                    textSoFar != null ? textSoFar : Files.readString(SOURCES.resolve(file(MONITOR + type, "java")));
            int at = text.indexOf(change.from());
            assertTrue(at >= 0, () -> type + " no longer has: " + change.from());
            assertEquals(at, text.lastIndexOf(change.from()), () -> type + " has more than one: " + change.from());
            return text.replace(change.from(), change.to());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String file(String name, String ending) {
        return name.replace('.', '/') + "." + ending;
    }

    /** Loads a new copy of each class of the monitor and its tests. The parent loads all other classes. */
    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(MONITOR)) return super.loadClass(name, resolve);
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) return loaded;
            byte[] bytes = bytes(file(name, "class"));
            return defineClass(name, bytes, 0, bytes.length);
        }
    }

    private byte[] bytes(String file) throws ClassNotFoundException {
        Path planted = changed.resolve(file);
        try (InputStream in = Files.exists(planted)
                ? Files.newInputStream(planted)
                : getParent().getResourceAsStream(file)) {
            if (in == null) throw new ClassNotFoundException(file);
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
