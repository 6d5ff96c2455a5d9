package arca.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.PackageTable;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which packages each package may use, those of the JDK apart. */
class LayersTest {
    private static final Map<String, Set<String>> ALLOWED = Map.of(
            "arca.cli.demo",
            Set.of(
                    "arca.control",
                    "arca.control.guest",
                    "arca.monitor",
                    "arca.monitor.config",
                    "arca.monitor.observe",
                    "arca.monitor.policy"),
            "arca.cli.policy",
            Set.of("arca.bindings", "arca.monitor.config", "arca.monitor.policy", "org.tomlj"),
            "arca.cli",
            Set.of(
                    "arca.bindings",
                    "arca.cli.demo",
                    "arca.cli.policy",
                    "arca.control",
                    "arca.control.guest",
                    "arca.monitor",
                    "arca.monitor.config",
                    "arca.monitor.observe",
                    "arca.monitor.policy",
                    "arca.monitor.resolve",
                    "org.slf4j",
                    "org.slf4j.event",
                    "picocli"));

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
        assertTrue(packages.dependencies().get("arca.cli").containsAll(Set.of("arca.monitor", "picocli")));
    }
}
