package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.control.guest.ArcaSession;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testnet.GoodGuests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** If the system allows no more threads, the monitor refuses new guests, and the others go on. */
class ThreadLimitIT {
    /** A user id that no other process has, so the kernel counts only this monitor's threads for it. */
    private static final int UID = 3_000_000 + (int) ProcessHandle.current().pid() % 1_000_000;

    /** Listens on argv[1], as a service manager does, and executes argv[2…] with that socket as descriptor 3. */
    private static final String PASS = """
            import os, socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.bind(sys.argv[1])
            s.listen()
            os.dup2(s.fileno(), 3)
            os.set_inheritable(3, True)
            os.environ['LISTEN_PID'] = str(os.getpid())
            os.environ['LISTEN_FDS'] = '1'
            os.execvp(sys.argv[2], sys.argv[2:])
            """;

    @TempDir
    Path folder;

    @BeforeAll
    static void asRoot() throws IOException {
        assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can become another user");
    }

    private Path control() {
        return folder.resolve("control");
    }

    private Child start(boolean inherited, int mostGuests, String... prefix) throws Exception {
        String arca = MonitorProcess.install(folder).toString();
        Files.setAttribute(folder, "unix:uid", UID);
        List<String> command = new ArrayList<>(List.of(prefix));
        if (inherited) command.addAll(List.of("python3", "-c", PASS, control().toString()));
        command.addAll(MonitorProcess.asUser(UID));
        command.addAll(List.of(arca, "monitor", "--allow-listen", "any", "--max-guests-per-uid", "" + mostGuests));
        if (!inherited) command.addAll(List.of("--control", control().toString()));
        Child monitor = Child.start(command);
        monitor.awaitError("ready: ");
        return monitor;
    }

    /** How many threads and processes the monitor's user may have: getrlimit(2), RLIMIT_NPROC. */
    private static void limitThreads(Child monitor, String most) throws Exception {
        List<String> command = new ArrayList<>(MonitorProcess.asUser(UID));
        command.addAll(List.of("prlimit", "--pid", "" + monitor.pid(), "--nproc=" + most + ":"));
        ChildJvm.Result result = ChildJvm.run(command);
        assertEquals(0, result.status(), result.output());
    }

    private static String threads(Child monitor) throws IOException {
        String limits = Files.readString(Path.of("/proc", "" + monitor.pid(), "limits"));
        return limits.replaceAll("(?s).*Max processes +([0-9a-z]+) .*", "$1");
    }

    private static long descriptors(Child monitor) throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc", "" + monitor.pid(), "fd"))) {
            return open.count();
        }
    }

    @ParameterizedTest(name = "an inherited socket: {0}")
    @ValueSource(booleans = {false, true})
    void newGuestsAreRefusedAndTheOthersGoOn(boolean inherited) throws Exception {
        if (inherited)
            assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3, which passes the socket");
        try (Child monitor = start(inherited, 2);
                ArcaSession guest = ArcaSession.connect(control())) {
            GoodGuests.listen(guest);
            String usual = threads(monitor);
            limitThreads(monitor, "1");
            long open = 0;
            for (int i = 1; i <= 3; i++) {
                try (ArcaSession refused = ArcaSession.connect(control())) {
                    assertThrows(IOException.class, () -> GoodGuests.listen(refused));
                }
                monitor.awaitErrors(i, ": refused: no thread for it");
                if (i == 1) open = descriptors(monitor); // with an eventfd that is kept for the next guest
            }
            assertEquals(open, descriptors(monitor));
            GoodGuests.listen(guest);
            limitThreads(monitor, usual);
            try (ArcaSession next = ArcaSession.connect(control())) {
                GoodGuests.listen(next);
                monitor.signal("TERM");
                monitor.awaitError("stopping: 2 guests"); // the others do not count any more
            }
        }
    }

    @Test
    void warnsAtTheStartIfThereMayBeTooFewThreads() throws Exception {
        try (Child monitor = start(false, 2, "prlimit", "--nproc=500")) {
            monitor.awaitError("need 1088 threads, and this user may have 500: raise it to 1088");
        }
    }

    /** The JVM handles a signal in a new thread. */
    @Test
    void signalEndsTheMonitorWhileThereAreAsManyGuestsAsCanBe() throws Exception {
        List<ArcaSession> guests = new ArrayList<>();
        try (Child monitor = start(false, 100)) {
            try (Stream<Path> tasks = Files.list(Path.of("/proc", "" + monitor.pid(), "task"))) {
                limitThreads(monitor, Long.toString(tasks.count() + 4));
            }
            while (monitor.errors(": refused: no thread for it").isEmpty()) {
                ArcaSession guest = ArcaSession.connect(control());
                guests.add(guest);
                try {
                    GoodGuests.listen(guest);
                } catch (IOException e) {
                    monitor.awaitError(": refused: no thread for it");
                }
            }
            assertTrue(guests.size() > 1, "no guest was let in");
            monitor.signal("TERM");
            assertEquals(0, monitor.exitStatus());
        } finally {
            for (ArcaSession guest : guests) guest.close();
        }
    }
}
