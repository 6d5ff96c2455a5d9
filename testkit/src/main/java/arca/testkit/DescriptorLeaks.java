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

    /** Has a test that leaks fail at once; for the test of this class. */
    public static final String AT_ONCE = "arca.leaks.at-once";

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
    public void afterEach(ExtensionContext context) throws Exception {
        ReservedPorts.release();
        Map<?, ?> before = context.getStore(NAMESPACE).get("before", Map.class);
        // The JVM opens files for a moment in threads of its own. What a test has left open stays.
        if (context.getConfigurationParameter(AT_ONCE).isPresent()) {
            if (!left(before).isEmpty()) throw new AssertionError("left open: " + left(before));
        } else {
            Patience.await(
                    () -> "the close of what is left open: " + left(before),
                    () -> left(before).isEmpty());
        }
    }

    private static Map<String, String> left(Map<?, ?> before) {
        Map<String, String> left = open();
        left.entrySet().removeIf(fd -> fd.getValue().equals(before.get(fd.getKey())));
        return left;
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
