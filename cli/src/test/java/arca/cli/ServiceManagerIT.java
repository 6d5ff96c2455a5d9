package arca.cli;

import static arca.bindings.Constants.AF_UNIX;
import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.SOCK_DGRAM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.testkit.Tools;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What systemd does for a service, done to {@code ./arca monitor}. */
class ServiceManagerIT {
    /** Listens on argv[1], as a service manager that was there before, and becomes argv[3…] with that as descriptor 3. */
    private static final String PASS = """
            import os, socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.bind(sys.argv[1])
            if sys.argv[2] == 'listen': s.listen()
            os.dup2(s.fileno(), 3)
            os.set_inheritable(3, sys.argv[2] != 'nothing')
            os.environ.setdefault('LISTEN_PID', str(os.getpid()))
            os.execv(sys.argv[3], sys.argv[3:])
            """;

    @TempDir
    Path folder;

    @BeforeAll
    static void needsPython() {
        Tools.assume("python3");
    }

    private Arca passed(Map<String, String> environment, String how, String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of("python3", "-c", PASS, socket().toString(), how));
        command.addAll(List.of(Arca.COMMAND.toString(), "monitor"));
        command.addAll(List.of(words));
        return Arca.run(environment, command);
    }

    private Path socket() {
        return folder.resolve("passed.sock");
    }

    @Test
    void guestsOfThePassedSocketAreServed() throws Exception {
        try (Arca monitor = passed(Map.of("LISTEN_FDS", "1"), "listen", "--allow-listen", "127.0.0.1")) {
            monitor.awaitErr("ready: guests connect to the socket that was passed");
            try (ArcaSession session = ArcaSession.connect(socket())) {
                session.listen(Endpoint.parse("127.0.0.1:0"));
                monitor.signal("TERM");
                assertEquals(0, monitor.status());
            }
            assertTrue(Files.exists(socket()), "it is not the monitor's to remove");
        }
    }

    @Test
    void guestThatCameFirstIsServedToo() throws Exception {
        // Connects before the monitor runs, as the guest does for which a service manager starts it.
        String early = PASS.replace(
                "os.dup2",
                "c = socket.socket(socket.AF_UNIX); c.connect(sys.argv[1]); "
                        + "c.sendall(bytes.fromhex('01060007000000' '7f000001' '0000')); os.set_inheritable(c.fileno(), True); "
                        + "os.dup2(c.fileno(), 0); os.dup2");
        List<String> command = List.of(
                "python3",
                "-c",
                early,
                socket().toString(),
                "listen",
                Arca.COMMAND.toString(),
                "monitor",
                "--log-level",
                "debug",
                "--allow-listen",
                "127.0.0.1");
        try (Arca monitor = Arca.run(Map.of("LISTEN_FDS", "1"), command)) {
            assertTrue(monitor.awaitErr("g1: listener").endsWith("on 127.0.0.1:0"));
        }
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource(nullValues = "-", textBlock = """
            1, bound,  -,                1, descriptor 3 is not a Unix stream socket that listens
            1, nothing, -,               1, ENOTSOCK
            2, listen, -,                1, LISTEN_FDS is "2"
            1, listen, --control=a.sock, 2, cannot be used together
            0, listen, -,                2, Missing required option: '--control=PATH'
            """)
    void wrongSocketIsOneLine(String count, String how, String more, int status, String said) throws Exception {
        String[] words = more == null ? new String[0] : new String[] {more};
        try (Arca monitor = passed(Map.of("LISTEN_FDS", count), how, words)) {
            String err = monitor.err();
            assertTrue(err.startsWith("arca monitor: ") && err.contains(said), err);
            assertEquals(1, err.lines().count(), err);
            assertEquals(status, monitor.status());
        }
    }

    @Test
    void socketForAnotherProcessIsNotOurs() throws Exception {
        Path own = folder.resolve("own.sock");
        Map<String, String> environment = Map.of("LISTEN_FDS", "1", "LISTEN_PID", "1");
        try (Arca monitor = passed(environment, "listen", "--control", own.toString())) {
            assertTrue(monitor.awaitErr("ready: ").endsWith(own.toString()));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void serviceManagerHearsOfReadyAndStopping(boolean isAbstract) throws Exception {
        String name = isAbstract
                ? "arca-test-" + ProcessHandle.current().pid()
                : folder.resolve("notify").toString();
        Path control = folder.resolve("a.sock");
        try (Arena arena = Arena.ofConfined();
                Fd socket = Sockets.open(AF_UNIX, SOCK_DGRAM)) {
            Sockets.bind(socket, new SocketAddress.Unix(name, isAbstract));
            Map<String, String> environment = Map.of("NOTIFY_SOCKET", (isAbstract ? "@" : "") + name);
            try (Arca monitor = Arca.start(environment, "monitor", "--control", control.toString())) {
                assertEquals("READY=1\nSTATUS=guests connect to " + control, receive(socket, arena));
                assertTrue(Files.exists(control));
                monitor.signal("TERM");
                assertEquals("STOPPING=1\nSTATUS=stopping", receive(socket, arena));
                assertEquals(0, monitor.status());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/no/such/socket", "vsock:2:1234"})
    void serviceManagerThatCannotBeToldIsAWarning(String name) throws Exception {
        Path control = folder.resolve("a.sock");
        Map<String, String> environment = Map.of("NOTIFY_SOCKET", name);
        try (Arca monitor = Arca.start(environment, "monitor", "--control", control.toString())) {
            String line = monitor.awaitErr("NOTIFY_SOCKET");
            assertTrue(line.contains("WARN") && line.contains(name), line);
            monitor.signal("TERM");
            assertEquals(0, monitor.status());
        }
    }

    @Test
    void serviceManagerHearsAgainAndAgainThatTheMonitorLives() throws Exception {
        Path name = folder.resolve("notify");
        try (Arena arena = Arena.ofConfined();
                Fd socket = Sockets.open(AF_UNIX, SOCK_DGRAM)) {
            Sockets.bind(socket, SocketAddress.Unix.path(name.toString()));
            Map<String, String> environment = Map.of("NOTIFY_SOCKET", name.toString(), "WATCHDOG_USEC", "2000000");
            String control = folder.resolve("a.sock").toString();
            try (Arca monitor = Arca.start(environment, "monitor", "--control", control)) {
                assertTrue(receive(socket, arena).startsWith("READY=1"));
                for (int i = 0; i < 3; i++) assertEquals("WATCHDOG=1", receive(socket, arena));
                monitor.signal("TERM");
                String next = receive(socket, arena);
                while (next.equals("WATCHDOG=1")) next = receive(socket, arena);
                assertEquals("STOPPING=1\nSTATUS=stopping", next);
                assertEquals(0, monitor.status());
            }
        }
    }

    /** The kernel queues a few datagrams and has a sender wait then: unix(7), net.unix.max_dgram_qlen. */
    @Test
    void serviceManagerThatDoesNotReadHoldsNothingUp() throws Exception {
        Path name = folder.resolve("notify");
        try (Arena arena = Arena.ofConfined();
                Fd socket = Sockets.open(AF_UNIX, SOCK_DGRAM);
                Fd sender = Sockets.open(AF_UNIX, SOCK_DGRAM)) {
            SocketAddress address = SocketAddress.Unix.path(name.toString());
            Sockets.bind(socket, address);
            ErrnoException.check("connect", Sockets.startConnect(sender, address));
            MemorySegment byteOfText = arena.allocate(1);
            while (Syscalls.send(sender.value(), byteOfText, MSG_DONTWAIT) == 1) continue;
            String control = folder.resolve("a.sock").toString();
            try (Arca monitor = Arca.start(Map.of("NOTIFY_SOCKET", name.toString()), "monitor", "--control", control)) {
                String line = monitor.awaitErr("NOTIFY_SOCKET");
                assertTrue(line.contains("EAGAIN"), line);
                monitor.signal("TERM");
                assertEquals(0, monitor.status());
            }
        }
    }

    private static String receive(Fd socket, Arena arena) throws ErrnoException {
        MemorySegment buffer = arena.allocate(4096);
        long n = ErrnoException.check("recv", Syscalls.recv(socket.value(), buffer, 0));
        return new String(buffer.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }
}
