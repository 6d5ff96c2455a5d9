package arca.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Signals to {@code ./arca monitor}. */
class SignalsIT {
    private static final Endpoint DENIED = Endpoint.parse("192.0.2.1:80");

    @TempDir
    Path folder;

    /** One that starts as whatever {@code prefix} makes of it; its stderr has been read up to "ready". */
    private Arca monitor(List<String> prefix, String... more) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Arca.COMMAND.toString(), "monitor", "--control", control().toString()));
        command.addAll(List.of("--allow-connect", "127.0.0.0/8"));
        command.addAll(List.of(more));
        Arca monitor = Arca.run(Map.of("ARCA_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1"), command);
        monitor.awaitErr("ready: ");
        return monitor;
    }

    private Path control() {
        return folder.resolve("a.sock");
    }

    private void assertServes() throws IOException {
        try (ArcaSession guest = ArcaSession.connect(control())) {
            ErrnoException denied = assertThrows(ErrnoException.class, () -> guest.connect(DENIED));
            assertEquals(Errno.EACCES, denied.errno());
        }
    }

    @Test
    void hangupIsALineAndUserSignalsAreNothing() throws Exception {
        try (Arca monitor = monitor(List.of("env", "--default-signal=HUP"))) {
            monitor.signal("USR1");
            monitor.signal("USR2");
            monitor.signal("HUP");
            assertTrue(monitor.awaitErr("SIGHUP").endsWith("ignored SIGHUP: there is no --policy file to read"));
            assertServes();
            monitor.signal("TERM"); // the kernel delivers the others first: lower numbers
            assertEquals(0, monitor.status());
            assertTrue(Files.notExists(control()));
        }
    }

    @Test
    void hangupThatIsIgnoredFromTheStartStaysIgnored() throws Exception {
        try (Arca monitor = monitor(List.of("env", "--ignore-signal=HUP"))) {
            assertTrue(Files.readString(Path.of("/proc/" + monitor.child().pid() + "/status"))
                    .lines()
                    .anyMatch(line -> line.matches("SigIgn:\\s*[0-9a-f]*[13579bdf]"))); // SIGHUP is 1, the lowest bit
            monitor.signal("HUP");
            assertServes();
            monitor.signal("TERM");
            assertFalse(monitor.err().contains("SIGHUP"));
            assertEquals(0, monitor.status());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void secondSignalCutsTheDrain(String second) throws Exception {
        try (ServerSocket peers = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Arca monitor = monitor(List.of("env", "--default-signal=INT"), "--drain", "86400");
                ArcaSession guest = ArcaSession.connect(control());
                ArcaStream stream = guest.connect(new Endpoint(0x7f000001, peers.getLocalPort()));
                Socket peer = peers.accept()) {
            monitor.signal("TERM");
            monitor.awaitErr("stopping: 1 guests");
            stream.write(ByteBuffer.wrap(new byte[] {7}));
            InputStream fromGuest = peer.getInputStream();
            assertEquals(7, fromGuest.read(), "the connection goes on");
            monitor.signal(second);
            assertThrows(SocketException.class, fromGuest::read, "cut connections are reset");
            assertEquals(0, monitor.status());
            assertTrue(Files.notExists(control()));
        }
    }
}
