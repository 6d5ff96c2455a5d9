package arca.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/** Fails a test that leaves a descriptor open. Registered for every test by {@code META-INF/services}. */
public final class DescriptorLeaks implements BeforeEachCallback, AfterEachCallback {
    private static final Namespace NAMESPACE = Namespace.create(DescriptorLeaks.class);
    private static final Path OPEN = Path.of("/proc/self/fd");
    private static final long PATIENCE_NANOS = 2_000_000_000;

    static {
        try {
            new ServerSocket(0).close(); // java.net has a socket of its own from its first use on, and keeps it
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        context.getStore(NAMESPACE).put("before", open());
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Map<?, ?> before = context.getStore(NAMESPACE).get("before", Map.class);
        // The JVM opens files for a moment in threads of its own, and on a busy machine a moment is long. What a test
        // has
        // left open stays, so only a test that fails waits for all of this.
        long start = System.nanoTime();
        while (true) {
            Map<String, String> left = open();
            left.entrySet().removeIf(fd -> fd.getValue().equals(before.get(fd.getKey())));
            if (left.isEmpty()) return;
            if (System.nanoTime() - start > PATIENCE_NANOS) throw new AssertionError("left open: " + left);
            Thread.yield();
        }
    }

    /** What is open now, number to target, but for what the JVM opens when it likes: its archives and devices. */
    public static Map<String, String> open() {
        Map<String, String> open = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(OPEN)) {
            for (Path entry : entries) {
                try {
                    String target = Files.readSymbolicLink(entry).toString();
                    if (!ofTheJvm(target)) open.put(entry.getFileName().toString(), target);
                } catch (NoSuchFileException e) {
                    continue; // closed since it was listed; the listing's own descriptor is one such
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return open;
    }

    private static boolean ofTheJvm(String target) {
        return target.endsWith(".jar")
                || target.endsWith("/modules")
                || target.startsWith("/dev/")
                || target.startsWith("/proc/")
                || target.startsWith("/sys/");
    }
}
