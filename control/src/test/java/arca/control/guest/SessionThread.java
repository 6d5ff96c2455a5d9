package arca.control.guest;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The one session's thread that there is, as the kernel shows it. */
final class SessionThread {
    private SessionThread() {}

    /** Fails if it does anything. Called when what was to be answered is. */
    static void assertSleeps() throws IOException {
        while (!Thread.interrupted()) { // as it is when the test has taken too long
            try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
                for (Path thread : threads) {
                    if (!waits(thread)) continue;
                    Task.assertSleeps(thread.resolve("syscall"));
                    return;
                }
            }
        }
        throw new AssertionError("no session's thread waits");
    }

    private static boolean waits(Path thread) {
        try {
            return Files.readString(thread.resolve("comm")).startsWith("arca-session")
                    && Task.isPoll(Files.readString(thread.resolve("syscall")));
        } catch (IOException e) {
            return false; // it has ended, as that of the test before may do only now
        }
    }
}
