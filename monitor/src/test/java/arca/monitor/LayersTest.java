package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.PackageTable;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which packages each package may use, those of the JDK apart. */
class LayersTest {
    private static final Map<String, Set<String>> ALLOWED = Map.ofEntries(
            Map.entry("arca.monitor.ledger", Set.of("arca.bindings")),
            Map.entry("arca.monitor.reactor", Set.of("arca.bindings")),
            Map.entry("arca.monitor.relay", Set.of("arca.bindings", "arca.monitor.reactor")),
            Map.entry("arca.monitor.policy", Set.of("arca.control")),
            Map.entry("arca.monitor.observe", Set.of("arca.monitor.policy", "org.slf4j")),
            Map.entry(
                    "arca.monitor.config",
                    Set.of("arca.bindings", "arca.monitor.observe", "arca.monitor.policy", "arca.monitor.resolve")),
            Map.entry("arca.monitor.resolve", Set.of("arca.control")),
            Map.entry(
                    "arca.monitor.lookup",
                    Set.of(
                            "arca.bindings",
                            "arca.control",
                            "arca.monitor.ledger",
                            "arca.monitor.reactor",
                            "arca.monitor.resolve",
                            "org.slf4j")),
            Map.entry(
                    "arca.monitor.guest",
                    Set.of(
                            "arca.bindings",
                            "arca.control",
                            "arca.control.guest", // hands the ends of data pipes to guests in the same process
                            "arca.monitor.config",
                            "arca.monitor.ledger",
                            "arca.monitor.lookup",
                            "arca.monitor.observe",
                            "arca.monitor.policy",
                            "arca.monitor.reactor",
                            "arca.monitor.relay",
                            "arca.monitor.resolve",
                            "org.slf4j")),
            Map.entry(
                    "arca.monitor.server",
                    Set.of(
                            "arca.bindings",
                            "arca.monitor.config",
                            "arca.monitor.guest",
                            "arca.monitor.ledger",
                            "arca.monitor.observe",
                            "arca.monitor.reactor",
                            "org.slf4j")),
            Map.entry(
                    "arca.monitor",
                    Set.of(
                            "arca.bindings",
                            "arca.control.guest", // for guests in the same process
                            "arca.monitor.config",
                            "arca.monitor.guest",
                            "arca.monitor.ledger",
                            "arca.monitor.lookup",
                            "arca.monitor.observe",
                            "arca.monitor.reactor",
                            "arca.monitor.server",
                            "org.slf4j")));

    private final PackageTable packages = PackageTable.read();

    @Test
    void packagesUseOnlyWhatIsUnderThem() {
        packages.assertWithin(ALLOWED);
    }

    @Test
    void packagesHaveNoCycle() {
        packages.assertNoCycle();
    }

    @Test
    void dependenciesAreSeen() {
        assertTrue(packages.dependencies().get("arca.monitor.guest").contains("arca.control"));
    }
}
