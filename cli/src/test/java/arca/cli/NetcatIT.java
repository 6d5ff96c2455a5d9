package arca.cli;

import static arca.bindings.Constants.FIONREAD;
import static arca.bindings.Constants.SIGKILL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.Pipe;
import arca.bindings.Processes;
import arca.bindings.Syscalls;
import arca.testkit.Patience;
import arca.testkit.ReservedPorts;
import arca.testkit.Tools;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ./arca connect} and {@code ./arca listen}, through one {@code ./arca monitor}, with real TCP peers. */
class NetcatIT {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private static final String BROKE_OFF = "arca connect: the connection was reset by the peer, or cut by the monitor";

    @TempDir
    static Path folder;

    private static Arca monitor;

    @BeforeAll
    static void startMonitor() throws Exception {
        monitor = Arca.monitor(control());
    }

    @AfterAll
    static void stopMonitor() throws Exception {
        monitor.close();
    }

    private static Path control() {
        return folder.resolve("a.sock");
    }

    private static Arca guest(String command, int port, String... more) throws Exception {
        List<String> words = new ArrayList<>(
                List.of(command, "127.0.0.1:" + port, "--control", control().toString()));
        words.addAll(List.of(more));
        return Arca.start(words.toArray(String[]::new));
    }

    /** A guest that listens; what it says first is that it does. */
    private static Arca listener(int port, String... more) throws Exception {
        Arca listener = guest("listen", port, more);
        assertEquals("arca: listening on 127.0.0.1:" + port, listener.awaitErr(""));
        return listener;
    }

    private static String text(InputStream in) throws Exception {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    private static BufferedReader reader(Socket socket) throws Exception {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    private static void write(Socket socket, String text) throws Exception {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void endOfStdinIsThePeersAndItStillAnswers() throws Exception {
        try (ServerSocket peers = new ServerSocket(0, 1, LOOPBACK);
                Arca guest = guest("connect", peers.getLocalPort()).in("question")) {
            try (Socket peer = peers.accept()) {
                assertEquals("question", text(peer.getInputStream()));
                write(peer, "answer");
            }
            assertEquals("answer", guest.out());
            assertEquals("", guest.err());
            assertEquals(0, guest.status());
        }
    }

    @Test
    void endOfThePeerIsThatOfStdoutAndStdinGoesOn() throws Exception {
        try (ServerSocket peers = new ServerSocket(0, 1, LOOPBACK);
                Arca guest = guest("connect", peers.getLocalPort());
                Socket peer = peers.accept()) {
            write(peer, "greeting");
            peer.shutdownOutput();
            assertEquals("greeting", guest.out()); // to its end
            guest.in("and more");
            assertEquals("and more", text(peer.getInputStream()));
            assertEquals(0, guest.status());
        }
    }

    @Test
    void whatComesIsPassedOnAtOnce() throws Exception {
        try (ServerSocket peers = new ServerSocket(0, 1, LOOPBACK);
                Arca guest = guest("connect", peers.getLocalPort());
                Socket peer = peers.accept()) {
            OutputStream in = guest.child().input();
            for (int i = 0; i < 10; i++) {
                in.write(i);
                in.flush();
                assertEquals(i, peer.getInputStream().read());
                peer.getOutputStream().write(i);
                assertEquals(i, guest.child().output().read());
            }
        }
    }

    @Test
    void manyBytesGoBothWaysAtOnce() throws Exception {
        byte[] bytes = new byte[20_000_001];
        new Random(7).nextBytes(bytes);
        try (ServerSocket peers = new ServerSocket(0, 1, LOOPBACK);
                Arca guest = guest("connect", peers.getLocalPort());
                Socket peer = peers.accept()) {
            Thread echo = Thread.ofPlatform().start(() -> echo(peer));
            Thread writer = Thread.ofPlatform().start(() -> {
                try (OutputStream in = guest.child().input()) {
                    in.write(bytes);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertTrue(Arrays.equals(bytes, guest.child().output().readAllBytes()));
            assertEquals(0, guest.status());
            Patience.join(writer);
            Patience.join(echo);
        }
    }

    private static void echo(Socket peer) {
        try {
            peer.getInputStream().transferTo(peer.getOutputStream());
            peer.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A line of stderr that says it, and status 1. */
    private static void assertFailed(String line, Arca guest) throws Exception {
        assertEquals(line, guest.err());
        assertEquals(1, guest.status());
    }

    private static void reset(Socket peer) throws Exception {
        peer.setSoLinger(true, 0); // close resets: socket(7), SO_LINGER
        peer.close();
    }

    @Test
    void peerThatResetsIsAFailureWhateverStdinDoes() throws Exception {
        try (ServerSocket peers = new ServerSocket(0, 1, LOOPBACK);
                Arca guest = guest("connect", peers.getLocalPort())) {
            Socket peer = peers.accept();
            write(peer, "x");
            assertEquals('x', guest.child().output().read());
            reset(peer);
            assertEquals("", guest.out());
            assertFailed(BROKE_OFF, guest); // and stdin is still open
        }
    }

    @Test
    void receiverLeavesItsSideOpenAndTellsAResetFromAnEnd() throws Exception {
        try (ServerSocket peers = new ServerSocket(0, 1, LOOPBACK)) {
            try (Arca guest = guest("connect", peers.getLocalPort(), "--recv-only")
                            .in("not read");
                    Socket peer = peers.accept()) {
                write(peer, "all");
                peer.shutdownOutput();
                assertEquals("all", guest.out());
                assertEquals("", text(peer.getInputStream()));
                assertEquals("", guest.err());
                assertEquals(0, guest.status());
            }
            try (Arca guest = guest("connect", peers.getLocalPort(), "-d").in("")) {
                Socket peer = peers.accept();
                write(peer, "x");
                assertEquals('x', guest.child().output().read());
                reset(peer);
                assertFailed(BROKE_OFF, guest);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "connect, half-closed, KILL",
        "connect, half-closed, TERM",
        "connect, open, TERM",
        "connect, -d, KILL",
        "listen, half-closed, KILL",
    })
    void monitorThatEndsBeforeItsConnectionIsAFailure(String command, String side, String signal) throws Exception {
        Path control = folder.resolve("ends.sock");
        try (ServerSocket peers = new ServerSocket(0, 1, LOOPBACK);
                Arca ends = Arca.monitor(control, "--drain", "0")) {
            int port = command.equals("connect") ? peers.getLocalPort() : ReservedPorts.next();
            List<String> words =
                    new ArrayList<>(List.of(command, "127.0.0.1:" + port, "--control", control.toString()));
            if (side.equals("-d")) words.add(side);
            try (Arca guest = Arca.start(words.toArray(String[]::new))) {
                if (command.equals("listen")) guest.awaitErr("listening");
                try (Socket peer = command.equals("connect") ? peers.accept() : new Socket(LOOPBACK, port)) {
                    if (side.equals("half-closed")) {
                        guest.in("");
                        assertEquals(-1, peer.getInputStream().read());
                    }
                    write(peer, "part");
                    assertEquals("part", new String(guest.child().output().readNBytes(4)));
                    ends.signal(signal);
                    String said = guest.err();
                    assertTrue(
                            said.matches("arca " + command + ": the (connection was reset|monitor has ended).*"), said);
                    assertEquals("", guest.out());
                    assertEquals(1, guest.status());
                }
            }
        }
    }

    /** Returns when a pipe has as many bytes as it holds: whoever writes more to it must wait. */
    private static void awaitFull(Pipe pipe, int writer) throws Exception {
        while (Syscalls.ioctl(pipe.reader().value(), FIONREAD) < pipe.capacity()) {
            assertEquals(0, Processes.reap(writer), "it has ended");
            assertFalse(Thread.interrupted(), "the test has taken too long");
        }
    }

    @Test
    void stdinAndStdoutThatDoNotBlockAreWaitedFor() throws Exception {
        byte[] bytes = new byte[1_000_001];
        new Random(8).nextBytes(bytes);
        try (ServerSocket peers = new ServerSocket(0, 1, LOOPBACK);
                Pipe in = Pipe.open(0);
                Pipe out = Pipe.open(0)) {
            in.reader().nonBlocking(true);
            out.writer().nonBlocking(true);
            String command = Arca.COMMAND + " connect 127.0.0.1:" + peers.getLocalPort() + " --control " + control();
            int pid = Processes.spawn(
                    "/bin/sh", List.of("sh", "-c", command + "; echo status $?"), in.reader(), out.writer());
            assertTrue(pid > 0);
            in.reader().close();
            out.writer().close();
            try (Socket peer = peers.accept()) {
                Thread writer = Thread.ofPlatform().start(() -> {
                    try {
                        peer.getOutputStream().write(bytes);
                        peer.shutdownOutput();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
                awaitFull(out, pid);
                try (InputStream all = Files.newInputStream(
                        Path.of("/proc/self/fd/" + out.reader().value()))) {
                    assertTrue(Arrays.equals(bytes, all.readNBytes(bytes.length)));
                    Syscalls.write(in.writer().value(), Arena.ofAuto().allocateFrom("bye"), 0, 3);
                    in.writer().close();
                    assertEquals("bye", text(peer.getInputStream()));
                    assertEquals("status 0\n", text(all));
                }
                writer.join();
            } finally {
                Processes.kill(-pid, SIGKILL);
                while (Processes.reap(pid) == 0) Processes.awaitExit();
            }
        }
    }

    @Test
    void connectGivesUpAfterItsTimeout() throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, LOOPBACK);
                Socket first = new Socket(LOOPBACK, full.getLocalPort());
                Socket second = new Socket(LOOPBACK, full.getLocalPort()); // as many as its backlog takes: listen(2)
                Arca guest = guest("connect", full.getLocalPort(), "-w", "0.1")) {
            assertTrue(first.isConnected() && second.isConnected());
            assertFailed("arca: connect 127.0.0.1:" + full.getLocalPort() + ": no answer within 0.1 s", guest);
        }
    }

    @Test
    void controlSocketIsThatOfTheEnvironmentUnlessAnOptionNamesIt() throws Exception {
        int port = ReservedPorts.next();
        Map<String, String> right = Map.of("ARCA_CONTROL", control().toString());
        Map<String, String> wrong = Map.of("ARCA_CONTROL", folder.toString());
        try (Arca listener = Arca.start(right, "listen", "127.0.0.1:" + port)) {
            listener.awaitErr("listening");
            try (Arca guest = Arca.start(
                            wrong,
                            "connect",
                            "127.0.0.1:" + port,
                            "--control",
                            control().toString())
                    .in("from the environment")) {
                listener.in("");
                assertEquals("from the environment", listener.out());
                assertEquals(0, guest.status());
            }
        }
        try (Arca guest = Arca.start(wrong, "connect", "127.0.0.1:" + port)) {
            assertFailed(
                    "arca: connect unix:" + folder + ": ECONNREFUSED (Connection refused): this is a directory; "
                            + "--control needs the path of a monitor's socket",
                    guest);
        }
    }

    @Test
    void emptyVariableForTheControlSocketCountsAsUnset() throws Exception {
        assumeTrue(Files.notExists(Path.of(MonitorOption.USUAL)), "a monitor uses the default socket");
        try (Arca guest = Arca.start(Map.of("ARCA_CONTROL", ""), "connect", "127.0.0.1:9")) {
            String error = guest.err();
            assertTrue(error.startsWith("arca: connect unix:" + MonitorOption.USUAL + ": "), error);
            assertEquals(1, guest.status());
        }
    }

    @Test
    void wrongVariableForTheControlSocketIsNamed() throws Exception {
        try (Arca guest = Arca.start(Map.of("ARCA_CONTROL", "@name"), "connect", "127.0.0.1:9")) {
            String error = guest.err();
            assertTrue(error.startsWith("arca connect: ARCA_CONTROL: \"@name\" looks like an abstract name"), error);
            assertEquals(2, guest.status());
        }
    }

    @Test
    void refusedConnectIsOneLineByName() throws Exception {
        int port = ReservedPorts.next();
        try (Arca guest = guest("connect", port)) {
            assertEquals("arca: connect 127.0.0.1:" + port + ": ECONNREFUSED (Connection refused)", guest.err());
            assertEquals("", guest.out());
            assertEquals(1, guest.status());
        }
    }

    @Test
    void denialSaysTheFlagThatWouldAllowIt() throws Exception {
        try (Arca guest = Arca.start(
                        "connect", "10.9.8.7:99", "--control", control().toString());
                Arca low = Arca.start(
                        "listen", "10.9.8.7:99", "--control", control().toString())) {
            String said = guest.err();
            assertTrue(
                    said.startsWith("arca: connect 10.9.8.7:99: EACCES (Permission denied): the monitor's policy"),
                    said);
            assertTrue(said.contains("--allow-connect 10.9.8.7:99"), said);
            assertEquals(1, guest.status());
            said = low.err();
            assertTrue(
                    said.startsWith("arca: listen 10.9.8.7:99: EACCES (Permission denied): the monitor's policy"),
                    said);
            assertTrue(said.contains("--allow-listen 10.9.8.7:99"), said);
            assertEquals(1, low.status());
        }
    }

    @Test
    void portInUseIsOneLineByName() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, LOOPBACK);
                Arca guest = guest("listen", taken.getLocalPort())) {
            assertEquals(
                    "arca: listen 127.0.0.1:" + taken.getLocalPort() + ": EADDRINUSE (Address already in use)",
                    guest.err());
            assertEquals(1, guest.status());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"connect", "listen"})
    void withoutAMonitorItIsOneLine(String command) throws Exception {
        String nobody = folder.resolve("nobody.sock").toString();
        try (Arca guest = Arca.start(command, "127.0.0.1:9", "--control", nobody)) {
            String said = guest.err();
            assertTrue(
                    said.matches(
                            "arca.*: connect .*nobody\\.sock: ENOENT \\(.*\\): no monitor is running at this path; .*"),
                    said);
            assertEquals(1, guest.status());
        }
    }

    @Test
    void listenerTakesOneConnectionAndListensNoMore() throws Exception {
        int port = ReservedPorts.next();
        try (Arca guest = listener(port);
                Socket peer = new Socket(LOOPBACK, port)) {
            write(peer, "hello");
            assertEquals('h', guest.child().output().read());
            try (Arca second = listener(port)) { // so the port is free again
                second.signal("TERM");
            }
            peer.shutdownOutput();
            assertEquals("ello", guest.out());
            guest.in("bye");
            assertEquals("bye", text(peer.getInputStream()));
            assertEquals(0, guest.status());
        }
    }

    @Test
    void monitorThatStopsEndsAListener() throws Exception {
        Path control = folder.resolve("b.sock");
        try (Arca other = Arca.monitor(control, "--drain", "0");
                Arca guest =
                        Arca.start("listen", "127.0.0.1:" + ReservedPorts.next(), "--control", control.toString())) {
            guest.awaitErr("listening");
            other.signal("TERM");
            assertEquals(0, other.status());
            String said = guest.err();
            assertTrue(said.startsWith("arca"), said);
            assertEquals(1, said.lines().count(), said);
            assertEquals(1, guest.status());
        }
    }

    /** A command with a terminal of its own as stdin, stdout and stderr: script(1). */
    private static Arca inTerminal(String command, int port) throws Exception {
        String line = Arca.COMMAND + " " + command + " 127.0.0.1:" + port + " --control " + control();
        return Arca.run(Map.of(), List.of("script", "-qec", line, "/dev/null"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"connect", "listen"})
    void terminalGivesLinesAndItsEndOfFile(String command) throws Exception {
        Tools.assume("script");
        int port = ReservedPorts.next();
        try (ServerSocket peers = command.equals("connect") ? new ServerSocket(port, 1, LOOPBACK) : new ServerSocket();
                Arca guest = inTerminal(command, port)) {
            if (command.equals("listen"))
                assertEquals(
                        "arca: listening on 127.0.0.1:" + port, guest.child().readLine());
            try (Socket peer = command.equals("connect") ? peers.accept() : new Socket(LOOPBACK, port)) {
                BufferedReader fromGuest = reader(peer);
                OutputStream keys = guest.child().input();
                keys.write("typed\n".getBytes(StandardCharsets.US_ASCII));
                keys.flush();
                assertEquals("typed", fromGuest.readLine());
                assertEquals("typed", guest.child().readLine()); // the terminal's echo
                write(peer, "shown\n");
                assertEquals("shown", guest.child().readLine());
                keys.write(4); // Ctrl-D
                keys.flush();
                assertNull(fromGuest.readLine());
                write(peer, "last\n");
            }
            assertEquals("last", guest.child().readLine());
            assertEquals(0, guest.status());
        }
    }
}
