package arca.monitor;

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
import org.junit.jupiter.api.Test;

/** What each package may know, the JDK apart, as jdeps finds it in the compiled classes. */
class LayersTest {
    private static final Pattern DEPENDENCY =
            Pattern.compile("^ {3}(\\S+) +-> (?!java\\.|javax\\.|jdk\\.)(\\S+) .*$", Pattern.MULTILINE);

    /** A package, and those it may depend on. One that is new here has no line yet, and so no dependencies. */
    private static final Map<String, Set<String>> MAY_KNOW = Map.of(
            "arca.monitor.reactor",
            Set.of("arca.bindings"),
            "arca.monitor.relay",
            Set.of("arca.bindings", "arca.monitor.reactor"),
            "arca.monitor.policy",
            Set.of("arca.control"),
            "arca.monitor.config",
            Set.of("arca.bindings", "arca.monitor.policy", "org.slf4j"),
            "arca.monitor.guest",
            Set.of(
                    "arca.bindings",
                    "arca.control",
                    "arca.control.guest", // hands the ends of data pipes to guests in the same process
                    "arca.monitor.config",
                    "arca.monitor.policy",
                    "arca.monitor.reactor",
                    "arca.monitor.relay",
                    "org.slf4j"),
            "arca.monitor.server",
            Set.of("arca.bindings", "arca.monitor.config", "arca.monitor.guest", "arca.monitor.reactor", "org.slf4j"),
            "arca.monitor",
            Set.of(
                    "arca.bindings",
                    "arca.control.guest", // for guests in the same process
                    "arca.monitor.config",
                    "arca.monitor.guest",
                    "arca.monitor.reactor",
                    "arca.monitor.server",
                    "org.slf4j"),
            "arca.monitor.demo",
            Set.of("arca.control", "arca.control.guest", "arca.monitor", "arca.monitor.config", "arca.monitor.policy"),
            "arca.monitor.cli",
            Set.of(
                    "arca.bindings",
                    "arca.control",
                    "arca.control.guest",
                    "arca.monitor",
                    "arca.monitor.config",
                    "arca.monitor.policy",
                    "arca.monitor.demo",
                    "org.slf4j",
                    "org.slf4j.event",
                    "picocli"));

    private static Map<String, Set<String>> dependencies() {
        StringWriter output = new StringWriter();
        PrintWriter writer = new PrintWriter(output);
        int status = ToolProvider.findFirst("jdeps")
                .orElseThrow()
                .run(
                        writer,
                        writer,
                        "--multi-release",
                        "25",
                        "-verbose:package",
                        "--module-path",
                        System.getProperty("jdk.module.path"),
                        "target/classes");
        assertEquals(0, status, output::toString);
        Map<String, Set<String>> dependencies = new TreeMap<>();
        Matcher matcher = DEPENDENCY.matcher(output.toString());
        while (matcher.find()) {
            dependencies.computeIfAbsent(matcher.group(1), _ -> new TreeSet<>()).add(matcher.group(2));
        }
        return dependencies;
    }

    @Test
    void packagesKnowOnlyWhatIsUnderThem() {
        dependencies().forEach((name, known) -> {
            Set<String> tooMuch = new TreeSet<>(known);
            tooMuch.removeAll(MAY_KNOW.getOrDefault(name, Set.of()));
            assertEquals(Set.of(), tooMuch, name + " knows too much");
        });
    }

    /** The packages in an order in which each knows only those before it. */
    @Test
    void noPackageKnowsItselfByWayOfOthers() {
        Map<String, Set<String>> left = new TreeMap<>(dependencies());
        Set<String> own = Set.copyOf(left.keySet());
        while (!left.isEmpty()) {
            Set<String> free = new TreeSet<>();
            left.forEach((name, known) -> {
                if (known.stream().noneMatch(k -> own.contains(k) && left.containsKey(k))) free.add(name);
            });
            assertTrue(!free.isEmpty(), () -> "a cycle among " + left.keySet());
            left.keySet().removeAll(free);
        }
    }

    @Test
    void dependenciesAreSeen() {
        assertTrue(dependencies().get("arca.monitor.guest").contains("arca.control"));
        assertTrue(dependencies().get("arca.monitor.cli").containsAll(Set.of("arca.monitor", "picocli")));
    }
}
