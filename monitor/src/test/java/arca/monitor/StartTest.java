package arca.monitor;

import static arca.bindings.Constants.SOCK_STREAM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.monitor.config.ControlAccess;
import arca.monitor.config.ControlPoint;
import arca.monitor.config.MonitorConfig;
import arca.monitor.config.MonitorConfig.RelayMode;
import arca.monitor.server.ControlSocket;
import arca.testkit.ChildJvm;
import arca.testkit.DescriptorLeaks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A monitor that cannot start leaves nothing open. It closes the socket that it was given. */
class StartTest {
    @TempDir
    Path folder;

    private static Fd listener(Path path) throws ErrnoException {
        return Sockets.listen(SocketAddress.Unix.path(path.toString()), 0, 1);
    }

    @Test
    void socketIsClosedWhereAnotherCannotBeOpened() throws Exception {
        Fd control = listener(folder.resolve("a"));
        MonitorConfig config =
                MonitorConfig.builder().control(folder.resolve("missing/b")).build();
        assertThrows(IOException.class, () -> Monitor.start(config, control));
        assertFalse(control.isOpen());
    }

    @Test
    void socketIsClosedWhereThereIsNoConfiguration() throws Exception {
        Fd control = listener(folder.resolve("a"));
        assertThrows(NullPointerException.class, () -> Monitor.start(null, control));
        assertFalse(control.isOpen());
    }

    @Test
    void descriptorThatIsNoControlSocketIsClosed() throws Exception {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM)) {
            Fd connected = new Fd(pair.first().release());
            IOException refusal =
                    assertThrows(IOException.class, () -> Monitor.start(MonitorConfig.DEFAULT, connected));
            assertTrue(
                    refusal.getMessage().endsWith(" is not a Unix stream socket that listens"), refusal.getMessage());
            assertFalse(connected.isOpen());
        }
    }

    /** Starts monitors with room for 0, 1, 2 and so on descriptors, until one starts. */
    static final class WithoutRoom {
        private static final int MOST = 32; // with so many descriptors, every monitor starts

        private WithoutRoom() {}

        public static void main(String[] args) throws Exception {
            Path folder = Path.of(args[0]);
            Monitor.start(MonitorConfig.DEFAULT, listener(folder.resolve("first")))
                    .close(); // loads the classes
            for (RelayMode relay : RelayMode.values()) {
                ControlPoint another = new ControlPoint(folder.resolve("another"), ControlAccess.OWNER);
                start(
                        MonitorConfig.builder()
                                .relay(relay)
                                .controls(List.of(another))
                                .build(),
                        folder.resolve("" + relay));
            }
        }

        private static void start(MonitorConfig config, Path path) throws Exception {
            Deque<EventFd> filling = new ArrayDeque<>();
            Set<String> before = DescriptorLeaks.open().keySet();
            int refused = 0;
            for (boolean started = false; !started; ) {
                // Headroom usually refuses before anything is opened. It cannot if other threads use up descriptors
                // after its check.
                ControlSocket control = ControlSocket.inherited(listener(Path.of(path + "" + refused)));
                fill(filling);
                for (int room = 0; room < refused; room++) filling.removeLast().close();
                try (Monitor _ = Monitor.start(config, Optional.of(control))) {
                    started = true;
                } catch (IOException e) { // EMFILE, from whatever the monitor opens next
                    if (++refused > MOST) throw e;
                }
                while (!filling.isEmpty()) filling.removeLast().close();
                Set<String> left = DescriptorLeaks.open().keySet();
                if (!left.equals(before)) throw new AssertionError("room for " + refused + ": left open: " + left);
            }
            System.out.println(config.relay() + ": refused " + refused + " times");
        }

        private static void fill(Deque<EventFd> filling) throws ErrnoException {
            try {
                while (true) filling.add(EventFd.open());
            } catch (ErrnoException e) {
                if (e.errno() != Errno.EMFILE) throw e;
            }
        }
    }

    @Test
    void nothingIsLeftOpenWhereDescriptorsRunOut() throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -n 128; exec \"$@\"", "sh"));
        Path jars = Files.createDirectory(folder.resolve("jars"));
        command.addAll(ChildJvm.command(ChildJvm.sameClassesInJars(jars), WithoutRoom.class, folder.toString()));
        ChildJvm.Result result = ChildJvm.run(command);
        assertEquals(0, result.status(), result.output());
    }
}
