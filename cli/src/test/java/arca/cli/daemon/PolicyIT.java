package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.Child;
import arca.testkit.ChildJvm;
import arca.testnet.EchoPeer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A monitor with a policy file. Its command line allows the default section all of loopback. */
class PolicyIT {
    private static final int NOBODY = 65534;
    private static final int FLIPS = 100;
    private static final int GUESTS = 4;
    private static final int CONNECTS = 250; // of each guest

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = folder.resolve("policy.toml");
    }

    /** Replaces the file as editors do: it is whole at any time. */
    private void write(String text) throws IOException {
        Path next = folder.resolve("next");
        Files.writeString(next, text);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private MonitorProcess start() throws Exception {
        return MonitorProcess.start(List.of("env", "--default-signal=HUP"), "--policy", file.toString());
    }

    private static String peer(EchoPeer peer) {
        return "127.0.0.1:" + peer.address().getPort();
    }

    private static void assertDenied(ArcaSession session, EchoPeer peer) {
        ErrnoException e = assertThrows(ErrnoException.class, () -> session.connect(peer.address()));
        assertEquals(Errno.EACCES, e.errno());
    }

    private static boolean isAllowed(ArcaSession session, EchoPeer peer) throws IOException {
        try {
            session.connect(peer.address()).close();
            return true;
        } catch (ErrnoException e) {
            assertEquals(Errno.EACCES, e.errno());
            return false;
        }
    }

    private static void assertEchoes(ArcaStream stream) throws IOException {
        assertEquals(1, stream.write(ByteBuffer.wrap(new byte[] {7})));
        assertEquals(1, stream.read(ByteBuffer.allocate(1)));
    }

    private static void reload(MonitorProcess monitor) throws Exception {
        monitor.child().signal("HUP");
    }

    @Test
    void lineSaysWhatIsInForce() throws Exception {
        Path socket = folder.resolve("agents.sock");
        write("[guest.agents]\nselect.socket = \"" + socket + "\"\nmode = \"0660\"\nconnect.allow = [\"any:443\"]\n"
                + "limits.connections = 5\n");
        try (MonitorProcess monitor = start()) {
            String line = monitor.child().awaitError("in force: ");
            assertTrue(line.contains(monitor.control() + " (mode 0600), " + socket + " (mode 0660); " + file), line);
            assertTrue(
                    line.contains("[default] 2 rules; [guest.agents] 1 rule, socket " + socket + ", connections 5;"),
                    line);
            assertTrue(line.endsWith("connections 8192, listeners 256, waiting accepts 4096, connecting 256"), line);
            write("");
            reload(monitor);
            line = monitor.child().awaitError("the policy was read again");
            assertTrue(
                    line.contains("in force: " + monitor.control() + " (mode 0600); " + file + ": [default] 2 rules;"),
                    line);
            assertTrue(line.endsWith("connecting 256"), line);
            assertTrue(Files.notExists(socket));
        }
    }

    @Test
    void guestIsSelectedByItsUserAndBySocket() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can change users");
        Path socket = folder.resolve("nobody.sock");
        Path arca = MonitorProcess.install(Files.createDirectory(folder.resolve("arca")));
        Files.setAttribute(folder, "unix:mode", 0755);
        try (EchoPeer allowed = new EchoPeer();
                EchoPeer other = new EchoPeer()) {
            write("[guest.people]\nselect.socket = \"" + socket + "\"\nmode = \"0666\"\n"
                    + "[guest.robots]\nselect.uid = " + NOBODY + "\nconnect.allow = [\"" + peer(allowed)
                    + "\"]\nreason = \"ask Ann\"\n");
            try (MonitorProcess monitor = start();
                    ArcaSession root = monitor.session();
                    ArcaSession bySocket = ArcaSession.connect(socket)) {
                Files.setAttribute(monitor.control().getParent(), "unix:mode", 0755);
                Files.setAttribute(monitor.control(), "unix:mode", 0666);
                assertTrue(isAllowed(root, other));
                assertDenied(bySocket, allowed);
                assertEquals("", connectAs(NOBODY, arca, monitor.control(), allowed));
                String message = connectAs(NOBODY, arca, monitor.control(), other);
                assertTrue(message.contains("EACCES (Permission denied)"), message);
                String denial = monitor.child().awaitError("(robots): connect to");
                assertTrue(
                        denial.endsWith("connect to " + peer(other) + " denied: no rule allows it; allow it with"
                                + " connect.allow = [\"" + peer(other) + "\"] in [guest.robots]; ask Ann"),
                        denial);
                // The socket beats the user.
                connectAs(NOBODY, arca, socket, allowed);
                monitor.child().awaitError("(people): connect to " + peer(allowed) + " denied");
            }
        }
    }

    /** Runs arca connect as a user who had been root. Returns what it says, nothing if it has connected. */
    private static String connectAs(int uid, Path arca, Path control, EchoPeer peer) throws Exception {
        List<String> command = new ArrayList<>(MonitorProcess.asUser(uid));
        command.addAll(List.of("sh", "-c", "exec \"$@\" </dev/null", "sh"));
        command.addAll(List.of(arca.toString(), "connect", peer(peer), "--control", control.toString()));
        ChildJvm.Result result = ChildJvm.run(command);
        assertEquals(result.output().isEmpty() ? 0 : 1, result.status(), result.output());
        return result.output();
    }

    @Test
    void fileWithErrorsChangesNothing() throws Exception {
        Path socket = folder.resolve("a.sock");
        write("[default]\nreason = \"old\"\n");
        try (MonitorProcess monitor = start();
                EchoPeer peer = new EchoPeer();
                ArcaSession session = monitor.session()) {
            write("[default]\nconnect.deny = [\"any\", \"any:x\"]\nlisten.alow = []\n" + "[guest.a]\nselect.socket = \""
                    + socket + "\"\n");
            reload(monitor);
            monitor.child().awaitError(file + ":2:29: any:x: \"x\" is not a port");
            monitor.child().awaitError(file + ":3:1: unknown key \"listen.alow\"");
            monitor.child().awaitError("the policy was not changed: the file has errors");
            assertTrue(isAllowed(session, peer));
            assertTrue(Files.notExists(socket));
            Files.delete(file);
            reload(monitor);
            assertTrue(monitor.child()
                    .awaitError("the policy was not changed, and the old one stays in force")
                    .endsWith(file + ": no such file or directory"));
            write("[default]\nconnect.deny = [\"any\"]\n[guest.a]\nselect.socket = \"" + folder
                    + "/missing/a.sock\"\n");
            reload(monitor);
            monitor.child().awaitErrors(2, "the policy was not changed, and the old one stays in force");
            assertTrue(isAllowed(session, peer));
            write("[default]\nconnect.deny = [\"any\"]\n");
            reload(monitor);
            monitor.child().awaitError("the policy was read again");
            assertDenied(session, peer);
        }
    }

    @Test
    void monitorDoesNotStartWithAFileThatHasErrors() throws Exception {
        write("[default]\nconnect.allow = [\"any:x\"]\n[gest.a]\n");
        String arca = Path.of("..", "arca").toAbsolutePath().normalize().toString();
        String socket = folder.resolve("a.sock").toString();
        try (Child child = Child.start(List.of(arca, "monitor", "--control", socket, "--policy", file.toString()))) {
            assertEquals(
                    List.of(
                            file
                                    + ":2:23: any:x: \"x\" is not a port: the names of services are not supported, write the"
                                    + " number",
                            file + ":3:1: unknown key \"gest\"; known are [default], [guest.LABEL] and on_reload"),
                    child.readErrors());
            assertEquals(1, child.exitStatus());
        }
        assertTrue(Files.notExists(Path.of(socket)));
    }

    /**
     * The file flips while guests connect. In both versions one peer is allowed and one is denied, but the second is denied for
     * different reasons: a request that was decided by the rules of both versions could reach it.
     */
    @Test
    void eachRequestIsDecidedByOneVersion() throws Exception {
        try (EchoPeer always = new EchoPeer();
                EchoPeer never = new EchoPeer();
                EchoPeer sometimes = new EchoPeer()) {
            String rules = "select.uid = " + Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            String first = "[guest.a]\n" + rules + "\nconnect.allow = [\"" + peer(always) + "\", \"" + peer(never)
                    + "\"]\n" + "connect.deny = [\"" + peer(never) + "\"]\n";
            String second = "[guest.a]\n" + rules + "\nconnect.allow = [\"" + peer(always) + "\", \"" + peer(sometimes)
                    + "\"]\n";
            write(second);
            AtomicBoolean flipping = new AtomicBoolean(true);
            try (MonitorProcess monitor = start();
                    ArcaSession session = monitor.session();
                    ExecutorService guests = Executors.newFixedThreadPool(GUESTS);
                    ArcaStream live = session.connect(sometimes.address())) {
                List<Future<Set<Boolean>>> done = new ArrayList<>();
                for (int i = 0; i < GUESTS; i++) {
                    done.add(guests.submit(() -> connectWhile(flipping, monitor, always, never, sometimes)));
                }
                for (int i = 0; i < FLIPS; i++) {
                    write(i % 2 == 0 ? first : second);
                    reload(monitor);
                    monitor.child().awaitErrors(i + 1, "the policy was read again");
                }
                flipping.set(false);
                Set<Boolean> answers = new HashSet<>();
                for (Future<Set<Boolean>> each : done) answers.addAll(each.get());
                assertEquals(Set.of(true, false), answers, "each version has decided");
                assertEchoes(live);
            }
        }
    }

    /** Connects at least so often, and as long as the file flips. Returns the answers for the peer that is allowed sometimes. */
    private static Set<Boolean> connectWhile(
            AtomicBoolean flipping, MonitorProcess monitor, EchoPeer always, EchoPeer never, EchoPeer sometimes)
            throws Exception {
        Set<Boolean> answers = new HashSet<>();
        try (ArcaSession session = monitor.session();
                ArcaStream live = session.connect(always.address())) {
            for (int i = 0; i < CONNECTS || flipping.get(); i++) {
                assertTrue(isAllowed(session, always), "what both versions allow");
                assertTrue(!isAllowed(session, never), "what both versions deny");
                answers.add(isAllowed(session, sometimes));
            }
            assertEchoes(live);
        }
        return answers;
    }
}
