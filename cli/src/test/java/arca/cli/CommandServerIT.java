package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import arca.testkit.ReservedPorts;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./arca listen --exec}, with real TCP peers. */
class CommandServerIT {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    @TempDir
    static Path folder;

    private static Arca monitor;

    @BeforeAll
    static void startMonitor() throws Exception {
        ReservedPorts.next(); // the JDK opens a descriptor of its own with the first socket, and keeps it
        monitor = Arca.monitor(control());
    }

    @AfterAll
    static void stopMonitor() throws Exception {
        monitor.close();
    }

    private static Path control() {
        return folder.resolve("a.sock");
    }

    private static List<String> words(Path control, int port, String command, String... more) {
        List<String> words = new ArrayList<>(List.of("listen", "127.0.0.1:" + port, "--control", control.toString()));
        words.addAll(List.of("--exec", command));
        words.addAll(List.of(more));
        return words;
    }

    /** A guest that listens; what it says first is that it does. */
    private static Arca listener(int port, String command, String... more) throws Exception {
        Arca listener = Arca.start(words(control(), port, command, more).toArray(String[]::new));
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

    /** The process whose number is the next line. */
    private static ProcessHandle process(BufferedReader lines) throws Exception {
        return ProcessHandle.of(Long.parseLong(lines.readLine())).orElseThrow();
    }

    @Test
    void commandServesManyAtATime() throws Exception {
        int port = ReservedPorts.next();
        try (Arca guest = listener(port, "read name; cat; echo \"bye $name\"")) {
            List<Socket> peers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                peers.add(new Socket(LOOPBACK, port));
                write(peers.get(i), "peer" + i + "\n");
            }
            for (int i = 19; i >= 0; i--) { // each waits for its own end alone
                try (Socket peer = peers.get(i)) {
                    write(peer, "said " + i + "\n");
                    peer.shutdownOutput();
                    assertEquals("said " + i + "\nbye peer" + i + "\n", text(peer.getInputStream()));
                }
            }
            assertTrue(guest.child().isAlive());
        }
    }

    @Test
    void commandThatReadsNothingAndFailsEndsItsConnectionAlone() throws Exception {
        int port = ReservedPorts.next();
        try (Arca guest = listener(port, "echo no; exit 3")) {
            for (int i = 0; i < 3; i++) {
                try (Socket peer = new Socket(LOOPBACK, port)) {
                    write(peer, "x".repeat(100_000));
                    assertEquals("no\n", text(peer.getInputStream()));
                }
            }
            assertTrue(guest.child().isAlive());
        }
    }

    @Test
    void connectionBeyondTheLimitWaitsForOneToEnd() throws Exception {
        Path control = folder.resolve("few.sock");
        int port = ReservedPorts.next();
        try (Arca few = Arca.monitor(control, "--max-connections", "2");
                Arca guest = Arca.start(
                        "listen", "127.0.0.1:" + port, "--control", control.toString(), "--exec", "echo hi; cat")) {
            guest.awaitErr("listening");
            try (Socket first = new Socket(LOOPBACK, port);
                    Socket second = new Socket(LOOPBACK, port)) {
                assertEquals("hi", reader(first).readLine());
                assertEquals("hi", reader(second).readLine());
                try (Socket third = new Socket(LOOPBACK, port)) { // by the kernel's backlog
                    first.shutdownOutput();
                    assertEquals("hi", reader(third).readLine());
                }
            }
            assertTrue(few.child().isAlive() && guest.child().isAlive());
        }
    }

    @Test
    void connectionsBeyondTheMostCommandsWaitForOneToEnd() throws Exception {
        Path log = folder.resolve("commands");
        int port = ReservedPorts.next();
        String command = "echo +1 >>" + log + "; echo hi; cat; echo -1 >>" + log;
        try (Arca guest = listener(port, command, "--max-commands", "2")) {
            List<Socket> peers = new ArrayList<>();
            for (int i = 0; i < 12; i++) peers.add(new Socket(LOOPBACK, port)); // all but two by the kernel's backlog
            for (Socket peer : peers) {
                assertEquals('h', peer.getInputStream().read());
                peer.shutdownOutput();
                assertEquals("i\n", text(peer.getInputStream()));
                peer.close();
            }
            assertTrue(guest.child().isAlive());
        }
        int running = 0;
        List<String> changes = Files.readAllLines(log);
        assertEquals(24, changes.size());
        for (String change : changes) {
            running += Integer.parseInt(change);
            assertTrue(running <= 2, changes.toString());
        }
    }

    @Test
    void whatACommandLeavesRunningCountsAsTheCommand() throws Exception {
        Path log = folder.resolve("left");
        int port = ReservedPorts.next();
        String left = "(cat <&3 >/dev/null; echo end >>" + log + ") >/dev/null &";
        String command = "echo start >>" + log + "; exec 3<&0; echo hi; " + left;
        try (Arca guest = listener(port, command, "--max-commands", "1");
                Socket first = new Socket(LOOPBACK, port);
                Socket second = new Socket(LOOPBACK, port)) {
            assertEquals(
                    "hi\n", text(first.getInputStream())); // to the end: nobody has the connection's stdout any more
            first.getOutputStream().write(new byte[64 << 20]); // which what is left reads, while the second waits
            first.shutdownOutput(); // ends what was left
            assertEquals("hi\n", text(second.getInputStream()));
            assertEquals(
                    List.of("start", "end", "start"),
                    Files.readAllLines(log).stream().limit(3).toList());
            assertTrue(guest.child().isAlive());
        }
    }

    @Test
    void responseEndsWithItsLastWriterAndNotWithTheShell() throws Exception {
        int port = ReservedPorts.next();
        try (Arca guest = listener(port, "exec 3<&0; echo $$; (read -r line; echo \"b $line\") <&3 &");
                Socket peer = new Socket(LOOPBACK, port)) {
            BufferedReader lines = reader(peer);
            String shell = lines.readLine();
            ProcessHandle.of(Long.parseLong(shell))
                    .ifPresent(process -> process.onExit().join());
            write(peer, "late\n");
            assertEquals("b late", lines.readLine());
            assertNull(lines.readLine());
            assertTrue(guest.child().isAlive());
        }
    }

    @Test
    void commandOfAPeerThatResetIsEndedThoughItNeitherReadsNorWrites() throws Exception {
        int port = ReservedPorts.next();
        try (Arca guest = listener(port, "sleep 1000 & echo $$; echo $!; wait")) {
            ProcessHandle shell;
            ProcessHandle child;
            try (Socket peer = new Socket(LOOPBACK, port)) {
                BufferedReader lines = reader(peer);
                shell = process(lines);
                child = process(lines);
                peer.setSoLinger(true, 0); // close resets: socket(7), SO_LINGER
            }
            shell.onExit().get();
            child.onExit().get();
            assertTrue(guest.child().isAlive());
        }
    }

    @Test
    void signalEndsCommandsAndTheirChildrenThoughTheyIgnoreIt() throws Exception {
        int port = ReservedPorts.next();
        try (Arca guest = listener(port, "trap '' TERM; sleep 1000 & echo $$; echo $!; wait");
                Socket peer = new Socket(LOOPBACK, port)) {
            BufferedReader lines = reader(peer);
            ProcessHandle shell = process(lines);
            ProcessHandle child = process(lines);
            guest.signal("TERM");
            assertEquals(143, guest.status());
            assertNull(lines.readLine());
            shell.onExit().get();
            child.onExit().get();
        }
    }

    @Test
    void signalEndsCommandsAndTheirChildrenByTheSameSignal() throws Exception {
        int port = ReservedPorts.next();
        Path told = folder.resolve("told");
        String command = "trap 'echo ended >" + told + "; exit' TERM; sleep 1000 & echo $$; echo $!; wait";
        try (Arca guest = listener(port, command);
                Socket peer = new Socket(LOOPBACK, port)) {
            BufferedReader lines = reader(peer);
            process(lines);
            ProcessHandle child = process(lines);
            guest.signal("TERM");
            assertEquals(143, guest.status());
            assertNull(lines.readLine());
            child.onExit().get();
            assertEquals(List.of("ended"), Files.readAllLines(told));
        }
    }

    @Test
    void monitorThatStopsLetsResponsesEndAndThenItFails() throws Exception {
        Path control = folder.resolve("stops.sock");
        int port = ReservedPorts.next();
        try (Arca stops = Arca.monitor(control);
                Arca guest = Arca.start(words(control, port, "echo hi; read -r line; echo \"got $line\"")
                        .toArray(String[]::new))) {
            guest.awaitErr("listening");
            try (Socket peer = new Socket(LOOPBACK, port)) {
                BufferedReader lines = reader(peer);
                assertEquals("hi", lines.readLine());
                stops.signal("TERM");
                stops.awaitErr("stopping");
                write(peer, "it\n");
                assertEquals("got it", lines.readLine());
                assertNull(lines.readLine());
            }
            assertEquals("arca listen: the monitor has stopped", guest.err());
            assertEquals(1, guest.status());
            assertEquals(0, stops.status());
        }
    }

    /** The shell would be a second process for each connection, and at a limit its own fork would fail. */
    @Test
    void programOfPlainWordsTakesTheShellsPlace() throws Exception {
        int port = ReservedPorts.next();
        try (Arca _ = listener(port, "cat /proc/self/stat");
                Socket peer = new Socket(LOOPBACK, port)) {
            String[] stat = reader(peer).readLine().split(" "); // proc_pid_stat(5): pid, comm, state, ppid, pgrp
            assertEquals("(cat)", stat[1]);
            assertEquals(stat[4], stat[0]); // it leads the command's group
        }
    }

    /** How many processes and threads the guest's user may have, for the guest's next. */
    private static void limitProcesses(Arca guest, List<String> user, String limit) throws Exception {
        List<String> command = new ArrayList<>(user);
        command.addAll(List.of("prlimit", "--pid", Long.toString(guest.child().pid()), "--nproc=" + limit + ":"));
        ChildJvm.Result set = ChildJvm.run(command);
        assertEquals(0, set.status(), set.output());
    }

    @Test
    void connectionWhoseCommandCannotBeStartedWaits() throws Exception {
        int port = ReservedPorts.next();
        List<String> user = List.of();
        if (System.getProperty("user.name").equals("root")) { // whom the limit does not bind
            user = List.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups");
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setPosixFilePermissions(control(), PosixFilePermissions.fromString("rw-rw-rw-"));
        }
        List<String> command = new ArrayList<>(user);
        command.add(Arca.COMMAND.toString());
        command.addAll(words(control(), port, "cat"));
        try (Arca guest = Arca.run(Map.of(), command)) {
            guest.awaitErr("listening");
            try (Socket first = new Socket(LOOPBACK, port)) {
                BufferedReader firstLines = reader(first);
                write(first, "before\n");
                assertEquals("before", firstLines.readLine());
                limitProcesses(guest, user, "1");
                try (Socket second = new Socket(LOOPBACK, port)) {
                    write(second, "kept\n");
                    assertEquals(
                            "arca: posix_spawn /bin/sh: EAGAIN (Resource temporarily unavailable): waiting to start the "
                                    + "command; its connection stays open",
                            guest.awaitErr("waiting"));
                    write(first, "meanwhile\n");
                    assertEquals("meanwhile", firstLines.readLine());
                    limitProcesses(guest, user, "10000");
                    assertEquals("kept", reader(second).readLine());
                }
            }
        }
    }
}
