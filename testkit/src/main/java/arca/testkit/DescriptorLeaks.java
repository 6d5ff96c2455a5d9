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

/** Fails a test that leaves a descriptor open. {@code META-INF/services} registers it for every test. */
public final class DescriptorLeaks implements BeforeEachCallback, AfterEachCallback {
    private static final Namespace NAMESPACE = Namespace.create(DescriptorLeaks.class);
    private static final Path OPEN = Path.of("/proc/self/fd");

    /** A configuration parameter that makes a leaking test fail at once. The test of this class uses it. */
    public static final String AT_ONCE = "arca.leaks.at-once";

    static {
        try {
            new ServerSocket(0).close(); // at its first use, java.net opens a socket of its own and keeps it
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
        // The JVM's own threads open files for a moment. A descriptor that a test left open stays open.
        if (context.getConfigurationParameter(AT_ONCE).isPresent()) {
            if (!left(before).isEmpty()) throw new AssertionError("left open: " + left(before));
        } else {
            Patience.await(
                    () -> "the close of descriptors that the test left open: " + left(before),
                    () -> left(before).isEmpty());
        }
    }

    private static Map<String, String> left(Map<?, ?> before) {
        Map<String, String> left = open();
        left.entrySet().removeIf(fd -> fd.getValue().equals(before.get(fd.getKey())));
        return left;
    }

    /** Returns the open descriptors and their targets, without those that the JVM opens at any time: archives and devices. */
    public static Map<String, String> open() {
        Map<String, String> open = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(OPEN)) {
            for (Path entry : entries) {
                try {
                    String target = Files.readSymbolicLink(entry).toString();
                    if (!ofTheJvm(target)) open.put(entry.getFileName().toString(), target);
                } catch (NoSuchFileException e) {
                    continue; // it was closed after it was listed, as the descriptor of the listing itself
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
