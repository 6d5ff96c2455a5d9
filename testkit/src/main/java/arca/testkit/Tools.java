package arca.testkit;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Checks for programs that a test needs and that may not be installed. */
public final class Tools {
    private Tools() {}

    /** Skips the test if one of these commands is not installed. */
    public static void assume(String... commands) {
        for (String command : commands) {
            Assumptions.assumeTrue(isInstalled(command), () -> command + " is not installed here");
        }
    }

    private static boolean isInstalled(String command) {
        for (String folder : System.getenv("PATH").split(":")) {
            if (Files.isExecutable(Path.of(folder, command))) return true;
        }
        return false;
    }
}
