package arca.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;

/**
 * The packages of a module, and for each the packages that it depends on, those of the JDK apart. jdeps(1) reads them from the
 * compiled classes.
 */
public record PackageTable(Map<String, Set<String>> dependencies) {
    private static final Pattern DEPENDENCY =
            Pattern.compile("^ {3}(\\S+) +-> (?!java\\.|javax\\.|jdk\\.|sun\\.)(\\S+) .*$", Pattern.MULTILINE);

    /** Reads the table of the module that is being tested. */
    public static PackageTable read() {
        StringWriter output = new StringWriter();
        PrintWriter writer = new PrintWriter(output);
        String modules = System.getProperty("jdk.module.path");
        ToolProvider jdeps = ToolProvider.findFirst("jdeps").orElseThrow();
        int status = jdeps.run(
                writer,
                writer,
                "--multi-release",
                "25",
                "-verbose:package",
                "--module-path",
                modules,
                "target/classes");
        assertEquals(0, status, output::toString);
        Map<String, Set<String>> dependencies = new TreeMap<>();
        Matcher matcher = DEPENDENCY.matcher(output.toString());
        while (matcher.find()) {
            dependencies.computeIfAbsent(matcher.group(1), _ -> new TreeSet<>()).add(matcher.group(2));
        }
        return new PackageTable(dependencies);
    }

    /** Fails unless each package depends only on packages that the table allows it. A package without a line may use none. */
    public void assertWithin(Map<String, Set<String>> allowed) {
        dependencies.forEach((name, used) -> {
            Set<String> tooMuch = new TreeSet<>(used);
            tooMuch.removeAll(allowed.getOrDefault(name, Set.of()));
            assertEquals(Set.of(), tooMuch, name + " uses packages that its line does not allow");
        });
    }

    /** Fails unless the packages have an order in which each uses only those before it. */
    public void assertNoCycle() {
        Map<String, Set<String>> left = new TreeMap<>(dependencies);
        while (!left.isEmpty()) {
            Set<String> free = new TreeSet<>();
            left.forEach((name, used) -> {
                if (used.stream().noneMatch(left::containsKey)) free.add(name);
            });
            assertTrue(!free.isEmpty(), () -> "a cycle among " + left.keySet());
            left.keySet().removeAll(free);
        }
    }
}
