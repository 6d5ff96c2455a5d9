package arca.bindings;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.testkit.ChildJvm;
import arca.testkit.Patience;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the programs and commands of README.md with the packaged jar and nothing else. */
class ReadmeIT {
    private static final Pattern BLOCK = Pattern.compile("```(java|sh)\n(.*?)```", Pattern.DOTALL);
    private static final String JAR = System.getProperty("arca.jar");
    private static final long SEED = System.nanoTime();

    private static List<String> blocks(String language) throws IOException {
        List<String> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(Files.readString(Path.of("README.md")));
        while (matcher.find()) if (matcher.group(1).equals(language)) blocks.add(matcher.group(2));
        return blocks;
    }

    @Test
    void classPathProgramSplicesAFile(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("SpliceFile.java"), blocks("java").get(0));
        compileRunAndCompare(folder, blocks("sh").get(0));
    }

    @Test
    void modulePathProgramSplicesAFile(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("module-info.java"), blocks("java").get(1));
        Files.createDirectory(folder.resolve("splice"));
        Files.writeString(
                folder.resolve("splice/SpliceFile.java"), blocks("java").get(2));
        compileRunAndCompare(folder, blocks("sh").get(1));
    }

    private static void compileRunAndCompare(Path folder, String commands) throws Exception {
        byte[] bytes = new byte[3_000_001];
        new Random(SEED).nextBytes(bytes);
        Path file = Files.write(folder.resolve("file"), bytes);
        Files.copy(Path.of(JAR), folder.resolve("arca-bindings.jar"));
        String[] lines = commands.strip().split("\n");
        run(folder, lines[0]);
        try (Fd server = Sockets.listen(new SocketAddress.IPv4(0x7f000001, 0), 0, 1)) {
            int port = ((SocketAddress.IPv4) Sockets.localAddress(server)).port();
            FutureTask<byte[]> received = new FutureTask<>(() -> receive(server));
            Thread.ofPlatform().daemon().start(received);
            run(
                    folder,
                    lines[1].replace("java ", "java --illegal-native-access=deny ")
                            .replace("FILE", file.toString())
                            .replace("PORT", Integer.toString(port)));
            assertArrayEquals(bytes, Patience.get("the bytes", received), () -> "seed " + SEED);
        }
    }

    private static byte[] receive(Fd server) throws IOException {
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        try (Fd peer = Sockets.accept(server, 0).orElseThrow();
                Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(65536);
            for (long n; (n = ErrnoException.check("read", Syscalls.read(peer.value(), buffer))) > 0; ) {
                received.write(buffer.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE));
            }
        }
        return received.toByteArray();
    }

    /** Runs a line of the README with this JVM's JDK. It must print nothing, not even a warning. */
    private static void run(Path folder, String line) throws Exception {
        List<String> words = new ArrayList<>(Arrays.asList(line.split(" +")));
        words.set(0, Path.of(ChildJvm.java()).resolveSibling(words.get(0)).toString());
        List<String> command = new ArrayList<>(List.of("sh", "-c", "cd \"$0\" && exec \"$@\"", folder.toString()));
        command.addAll(words);
        ChildJvm.Result result = ChildJvm.run(command);
        assertEquals("", result.output(), line);
        assertEquals(0, result.status(), line);
    }

    @Test
    void jarContainsThreePackagesAndExportsOne() throws Exception {
        try (JarFile jar = new JarFile(JAR)) {
            List<String> folders = jar.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.endsWith(".class") && name.contains("/"))
                    .map(name -> name.substring(0, name.lastIndexOf('/')))
                    .distinct()
                    .sorted()
                    .toList();
            assertEquals(
                    List.of("arca/bindings", "arca/bindings/generated", "arca/bindings/generated/aarch64"), folders);
            assertEquals(
                    0,
                    jar.stream()
                            .filter(entry -> entry.getName().contains("Test"))
                            .count());
            try (var descriptor = jar.getInputStream(jar.getEntry("module-info.class"))) {
                var module = java.lang.module.ModuleDescriptor.read(descriptor);
                assertEquals(1, module.exports().size());
                assertEquals("arca.bindings", module.exports().iterator().next().source());
            }
        }
    }
}
