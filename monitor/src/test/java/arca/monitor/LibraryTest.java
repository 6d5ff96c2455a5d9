package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.control.guest.SessionEndedException;
import arca.testkit.Together;
import arca.testnet.Loopback;
import arca.testnet.Peer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests guests that use the guest's library. */
@ParameterizedClass
@EnumSource(Variant.class)
class LibraryTest {
    @Parameter
    Variant variant;

    @Test
    void guestsReachEachOther() throws Exception {
        byte[] bytes = new byte[1_000_001];
        new SplittableRandom(1).nextBytes(bytes);
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                ArcaSession server = monitor.session();
                ArcaSession client = monitor.session()) {
            Endpoint at = Loopback.free();
            try (ArcaListener listener = server.listen(at);
                    ArcaStream out = client.connect(at);
                    ArcaStream in = listener.accept()) {
                Together.run(
                        () -> {
                            out.outputStream().write(bytes);
                            out.shutdownOutput();
                        },
                        () -> {
                            in.outputStream().write(bytes);
                            in.shutdownOutput();
                        },
                        () -> assertArrayEquals(bytes, in.inputStream().readAllBytes()),
                        () -> assertArrayEquals(bytes, out.inputStream().readAllBytes()));
            }
        }
    }

    @Test
    void callsFailWithTheMonitorsErrno() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                ArcaSession session = monitor.session();
                Peer.Listener taken = Peer.Listener.open()) {
            ErrnoException refused = assertThrows(ErrnoException.class, () -> session.connect(Loopback.free()));
            assertEquals(Errno.ECONNREFUSED, refused.errno());
            ErrnoException inUse = assertThrows(ErrnoException.class, () -> session.listen(taken.endpoint()));
            assertEquals(Errno.EADDRINUSE, inUse.errno());
        }
    }

    @Test
    void monitorThatStopsEndsTheSession() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                ArcaSession session = monitor.session();
                ArcaListener listener = session.listen(Loopback.free())) {
            monitor.stop();
            assertThrows(SessionEndedException.class, listener::accept);
            assertThrows(SessionEndedException.class, () -> session.listen(Loopback.free()));
        }
    }
}
