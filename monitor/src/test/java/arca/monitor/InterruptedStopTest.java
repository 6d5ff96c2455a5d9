package arca.monitor;

import static arca.bindings.Constants.MSG_DONTWAIT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.monitor.config.MonitorConfig;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InterruptedStopTest {
    @Test
    void everythingIsClosedAllTheSame(@TempDir Path folder) throws Exception {
        Path control = folder.resolve("control");
        try (Monitor monitor =
                        Monitor.start(MonitorConfig.builder().control(control).build());
                Fd guest = Sockets.connect(SocketAddress.Unix.path(control.toString()));
                Arena arena = Arena.ofConfined()) {
            Thread.currentThread().interrupt();
            monitor.stop();
            assertTrue(Thread.interrupted(), "the interrupt is not lost");
            assertEquals(0, Syscalls.recv(guest.value(), arena.allocate(1), MSG_DONTWAIT), "the channel has ended");
        }
    }
}
