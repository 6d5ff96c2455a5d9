package arca.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * A network of its own for a process: network_namespaces(7), by unshare(1) and ip(8). Nothing that the process sends leaves
 * this machine, and what it sets is gone with it.
 */
public final class NetworkNamespace {
    private NetworkNamespace() {}

    /**
     * A command that runs another in a new network namespace. A test that asks for one is skipped where the machine or the
     * user may have none.
     *
     * @param setup shell commands that run first, as root of the namespace; each must succeed
     * @param command the other command, which replaces the shell
     */
    public static List<String> command(String setup, List<String> command) throws IOException, InterruptedException {
        boolean root = Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        List<String> unshare = root ? List.of("unshare", "--net") : List.of("unshare", "--map-root-user", "--net");
        ChildJvm.Result possible = run(unshare, "set -e; " + setup, List.of("true"));
        Assumptions.assumeTrue(
                possible.status() == 0, "no network namespace as the test needs it: " + possible.output());
        return words(unshare, "set -e; " + setup, command);
    }

    private static ChildJvm.Result run(List<String> unshare, String setup, List<String> command)
            throws InterruptedException {
        try {
            return ChildJvm.run(words(unshare, setup, command));
        } catch (IOException e) {
            return new ChildJvm.Result(1, e.getMessage()); // no unshare(1)
        }
    }

    private static List<String> words(List<String> unshare, String setup, List<String> command) {
        List<String> words = new ArrayList<>(unshare);
        words.addAll(List.of("sh", "-c", setup + "; exec \"$@\"", "sh"));
        words.addAll(command);
        return words;
    }
}
