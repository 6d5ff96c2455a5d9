package arca.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * Runs a command in a new network namespace: network_namespaces(7), with unshare(1) and ip(8). No packet of that process
 * leaves this machine, and its network settings disappear when it ends.
 */
public final class NetworkNamespace {
    private NetworkNamespace() {}

    /**
     * Returns a command that runs {@code command} in a new network namespace. The test is skipped if this user cannot have a
     * namespace on this machine.
     *
     * @param setup shell commands that run first, as root of the namespace; each must succeed
     * @param command the command, which then replaces the shell
     */
    public static List<String> command(String setup, List<String> command) throws IOException, InterruptedException {
        boolean root = Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        List<String> unshare = root ? List.of("unshare", "--net") : List.of("unshare", "--map-root-user", "--net");
        ChildJvm.Result possible = run(unshare, "set -e; " + setup, List.of("true"));
        Assumptions.assumeTrue(
                possible.status() == 0,
                "cannot set up the network namespace that the test needs: " + possible.output());
        return words(unshare, "set -e; " + setup, command);
    }

    private static ChildJvm.Result run(List<String> unshare, String setup, List<String> command)
            throws InterruptedException {
        try {
            return ChildJvm.run(words(unshare, setup, command));
        } catch (IOException e) {
            return new ChildJvm.Result(1, e.getMessage()); // unshare(1) is not installed
        }
    }

    private static List<String> words(List<String> unshare, String setup, List<String> command) {
        List<String> words = new ArrayList<>(unshare);
        words.addAll(List.of("sh", "-c", setup + "; exec \"$@\"", "sh"));
        words.addAll(command);
        return words;
    }
}
