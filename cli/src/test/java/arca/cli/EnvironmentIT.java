package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ./arca} in odd but legal places: closed descriptors, any locale, any name of a folder. */
class EnvironmentIT {
    /** So that a test can write names that its own JVM may not be able to express. */
    private static final String NAME = "name=$(printf 'Jos\\303\\251 \\344\\270\\255')\n";

    @TempDir
    Path folder;

    /** A shell script, in which {@code $arca} is the command. */
    private Arca shell(String script) throws IOException {
        return Arca.run(
                Map.of("arca", Arca.COMMAND.toString()), List.of("sh", "-c", "cd '" + folder + "' || exit\n" + script));
    }

    private static void assertFails(int status, String line, Arca command) throws Exception {
        try (command) {
            assertEquals("", command.out());
            assertEquals(line, command.err());
            assertEquals(status, command.status());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help >&-", "--help >/dev/full", "monitor --help >&-", "--version >/dev/full"})
    void outputThatCannotBeWrittenIsAFailure(String words) throws Exception {
        assertFails(1, "arca: cannot write to stdout: it is closed, or the disk is full", shell("exec $arca " + words));
    }

    @Test
    void closedStderrTakesEverything() throws Exception {
        try (Arca command = shell("$arca no-such-command 2>&-; echo $?; exec $arca --version 2>&-")) {
            String out = command.out();
            assertTrue(out.startsWith("2\narca "), out);
            assertEquals(0, command.status());
        }
    }

    /** Without a stdin, the JVM's first file would have its number, and the peer would be sent that. */
    @Test
    void closedStdinIsAnEmptyOne() throws Exception {
        Path control = folder.resolve("a.sock");
        try (Arca _ = Arca.monitor(control);
                ServerSocketChannel peers = listen();
                Arca guest = shell("exec $arca connect " + address(peers) + " --control a.sock <&-");
                SocketChannel peer = peers.accept()) {
            assertEquals(-1, peer.read(ByteBuffer.allocate(1)));
            peer.write(ByteBuffer.wrap("answer".getBytes(StandardCharsets.US_ASCII)));
            peer.shutdownOutput();
            assertEquals("answer", guest.out());
            assertEquals(0, guest.status());
        }
    }

    @Test
    void threadsAtSigquitAreNoPartOfTheData() throws Exception {
        Path control = folder.resolve("a.sock");
        try (Arca _ = Arca.monitor(control);
                ServerSocketChannel peers = listen();
                Arca guest = shell("exec $arca connect " + address(peers) + " --control a.sock");
                SocketChannel peer = peers.accept()) {
            guest.signal("QUIT");
            guest.awaitErr("Full thread dump");
            peer.write(ByteBuffer.wrap("data".getBytes(StandardCharsets.US_ASCII)));
            peer.shutdownOutput();
            guest.child().input().close();
            assertEquals("data", guest.out());
        }
    }

    private static ServerSocketChannel listen() throws IOException {
        return ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private static String address(ServerSocketChannel peers) throws IOException {
        return "127.0.0.1:" + ((InetSocketAddress) peers.getLocalAddress()).getPort();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"export LC_ALL=C", "export LC_ALL=POSIX", "unset LC_ALL LC_CTYPE LANG", "export LC_ALL=xx_YY"})
    void namesAreBytesInEveryLocale(String locale) throws Exception {
        String start = locale + "\n" + NAME + "mkdir -m 700 \"$name\"\n";
        try (Arca monitor = shell(start + "exec $arca monitor --control \"$name/$name\" --allow-connect 127.0.0.1")) {
            assertTrue(monitor.awaitErr("ready: ").contains(folder + "/Jos"));
            try (ServerSocketChannel peers = listen();
                    Arca guest = shell(locale + "\n" + NAME + "cd \"$name\" && exec $arca connect " + address(peers)
                            + " --control \"$name\"");
                    SocketChannel peer = peers.accept()) {
                peer.shutdownOutput();
                guest.child().input().close();
                assertEquals("", guest.out());
            }
            monitor.signal("TERM");
            assertEquals(0, monitor.status());
        }
        try (Arca left = shell(NAME + "exec ls -A \"$name\"")) {
            assertEquals("", left.out());
        }
    }

    @Test
    void argumentThatIsNotUtf8IsRefused() throws Exception {
        try (Arca command = shell("exec $arca connect 127.0.0.1:9 --control \"$(printf 'x\\377')\"")) {
            String err = command.err();
            assertTrue(err.matches("arca: 'x.*' is not UTF-8; arguments and file names must be UTF-8"), err);
            assertEquals(2, command.status());
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(quoteCharacter = '`', textBlock = """
            `with spaces`
            `with 'quotes'"`
            `-dash`
            `a:b`
            `line\\nend\\n`
            `Jos\\0303\\0251`
            `not-utf-8-\\0377`
            """)
    void folderMayHaveAnyName(String name) throws Exception {
        String copy = "name=$(printf %b. '" + name.replace("'", "'\\''") + "') && name=${name%.}\n" + COPY;
        try (Arca command = shell("export LC_ALL=C\n" + copy + "cd / && exec \"$to/arca\" --version")) {
            assertTrue(command.out().startsWith("arca "), command.err());
            assertEquals(0, command.status());
        }
    }

    /** Copies what is installed into the folder {@code $name}, and leaves its full name in {@code $to}. */
    private static final String COPY = """
            mkdir -- "$name" && to=$PWD/$name && cd -- "${arca%/*}" || exit
            cp -a --parents -- arca arca.options build pom.xml */pom.xml */src/main cli/target/modules "$to/" || exit
            """;

    @Test
    void demoRunsInAFolderWithAColon() throws Exception {
        try (Arca command = shell("name=a:b\n" + COPY + "exec \"$to/arca\" demo --size 1K")) {
            String out = command.out();
            assertTrue(out.contains("The peer received every byte as it was sent"), out + command.err());
            assertEquals(0, command.status());
        }
    }

    /** Its sources may look newer than what was built of them, as a package's do. */
    @Test
    void whatIsBuiltRunsWhereNothingCanBeWritten() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        List<String> words = new ArrayList<>();
        if (Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)) {
            words.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        }
        String script = "name=installed\n" + COPY + "touch \"$to/pom.xml\"; chmod -R a-w \"$to\"; exec "
                + String.join(" ", words) + " \"$to/arca\" --version";
        try (Arca command = shell(script)) {
            String out = command.out();
            assertEquals("", command.err());
            assertTrue(out.startsWith("arca "), out);
        }
        ChildJvm.run(List.of("chmod", "-R", "u+w", folder.toString()));
    }

    @Test
    void temporaryFilesAreWhereTmpdirSays() throws Exception {
        try (Arca command = shell("TMPDIR=/no/such/folder exec $arca demo --size 1K")) {
            String err = command.err();
            assertTrue(
                    err.matches("(?s).*arca demo: /no/such/folder/\\S+: no such file or directory"),
                    err); // the JVM warns
            assertEquals(1, command.status());
        }
    }
}
