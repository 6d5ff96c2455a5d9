package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.EventFd;
import arca.monitor.reactor.Bell;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A bell that is rung while it closes writes to no other file, which has its descriptor's number by then. */
class BellTest {
    private static final int RINGERS = 4;
    private static final int ROUNDS = 5000;

    @Test
    void ringAfterTheCloseReachesNobody() throws Exception {
        AtomicReference<Bell> bell = new AtomicReference<>(Bell.open());
        AtomicBoolean over = new AtomicBoolean();
        List<FutureTask<Void>> ringers = new ArrayList<>();
        for (int i = 0; i < RINGERS; i++) {
            ringers.add(Together.start(() -> {
                while (!over.get()) bell.get().ring();
            }));
        }
        for (int i = 0; i < ROUNDS; i++) {
            bell.get().close();
            try (EventFd other = EventFd.open()) { // the lowest free number is the one that was closed: open(2)
                assertEquals(0, other.drain(), "a stray ring");
                bell.set(Bell.open());
                assertEquals(0, other.drain(), "a stray ring");
            }
        }
        over.set(true);
        for (FutureTask<Void> ringer : ringers) Together.join(ringer);
        bell.get().close();
    }

    @Test
    void snapshotMayBeAskedForWhileTheMonitorCloses(@TempDir Path folder) throws Exception {
        for (int round = 0; round < 20; round++) {
            Path control = folder.resolve("control" + round);
            Monitor monitor = Monitor.start(MonitorConfig.DEFAULT.withControl(control));
            AtomicBoolean over = new AtomicBoolean();
            List<FutureTask<Void>> askers = new ArrayList<>();
            try (RawGuest guest = new RawGuest(control)) {
                guest.sync();
                for (int i = 0; i < RINGERS; i++) {
                    askers.add(Together.start(() -> {
                        while (!over.get()) monitor.snapshot();
                    }));
                }
                monitor.close();
            }
            List<EventFd> others = new ArrayList<>();
            for (int i = 0; i < 8; i++) others.add(EventFd.open());
            over.set(true);
            for (FutureTask<Void> asker : askers) Together.join(asker);
            for (EventFd other : others) {
                assertEquals(0, other.drain(), "a stray ring");
                other.close();
            }
        }
    }
}
