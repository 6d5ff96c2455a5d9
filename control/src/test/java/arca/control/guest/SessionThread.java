package arca.control.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.Syscalls;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The one session's thread that there is, as the kernel shows it. */
final class SessionThread {
    private static final int LOOKS = 1_000;

    private SessionThread() {}

    /** Fails if it is not in one and the same call at every look. Called when what was to be answered is. */
    static void assertSleeps() throws IOException {
        Path syscall = find().resolve("syscall");
        String poll = waiting(syscall);
        for (int look = 0; look < LOOKS; look++) assertEquals(poll, Files.readString(syscall));
    }

    private static String waiting(Path syscall) throws IOException {
        while (true) {
            String call = Files.readString(syscall);
            if (Task.isPoll(call)) return call;
        }
    }

    private static Path find() throws IOException {
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path task : tasks) {
                if (Files.readString(task.resolve("comm")).startsWith("arca-session")) return task;
            }
        }
        throw new AssertionError("process " + Syscalls.getpid() + " has no session");
    }
}
