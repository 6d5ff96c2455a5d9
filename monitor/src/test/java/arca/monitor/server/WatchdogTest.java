package arca.monitor.server;

import arca.control.guest.ArcaSession;
import arca.monitor.Monitor;
import arca.monitor.config.MonitorConfig;
import arca.testkit.Patience;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests when the watchdog sleeps. Other tests, with guests in other processes, show what it does about a guest. */
class WatchdogTest {
    /** A thread that waits with a timeout is TIMED_WAITING. A thread that only a guest wakes is WAITING. */
    @Test
    void watchdogDoesNotWakeWhileThereAreNoGuests(@TempDir Path folder) throws Exception {
        Path control = folder.resolve("control");
        try (Monitor _ = Monitor.start(MonitorConfig.builder().control(control).build())) {
            Thread watchdog = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals("watchdog"))
                    .findFirst()
                    .orElseThrow();
            await(watchdog, Thread.State.WAITING);
            try (ArcaSession _ = ArcaSession.connect(control)) {
                await(watchdog, Thread.State.TIMED_WAITING);
            }
            await(watchdog, Thread.State.WAITING);
        }
    }

    private static void await(Thread thread, Thread.State state) throws Exception {
        Patience.await(() -> state + ", but it is " + thread.getState(), () -> thread.getState() == state);
    }
}
