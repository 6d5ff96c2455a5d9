package arca.monitor.server;

import arca.control.guest.ArcaSession;
import arca.monitor.Monitor;
import arca.monitor.config.MonitorConfig;
import arca.testkit.Patience;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the watchdog sleeps. What it does about a guest is tested with real guests in other processes. */
class WatchdogTest {
    /** A thread that waits for a time is TIMED_WAITING; one that nothing but a guest wakes is WAITING. */
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
