package arca.monitor.reactor;

import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.Sockets;
import arca.monitor.Monitor;
import arca.monitor.Together;
import arca.monitor.config.MonitorConfig;
import arca.monitor.guest.Shared;
import arca.monitor.server.GuestThread;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

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

    /** As {@link Monitor#snapshot} does where the guest, and the monitor with it, ends meanwhile. */
    @Test
    void guestThatHasEndedMayStillBeAsked() throws Exception {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM | SOCK_NONBLOCK)) {
            CountDownLatch ended = new CountDownLatch(1);
            Bell bell = Bell.open();
            GuestThread guest = new GuestThread(
                    "g1",
                    Sockets.peerCredentials(pair.first()),
                    new Shared(MonitorConfig.DEFAULT, 0),
                    new Fd(pair.first().release()),
                    bell,
                    _ -> ended.countDown());
            guest.start();
            guest.kill();
            ended.await();
            int number = bell.fd();
            bell.close();
            List<EventFd> others = new ArrayList<>(); // each takes the lowest number that is free
            do others.add(EventFd.open());
            while (others.getLast().fd().value() < number);
            guest.ask();
            for (EventFd other : others) {
                assertEquals(0, other.drain(), "a stray ring");
                other.close();
            }
        }
    }
}
