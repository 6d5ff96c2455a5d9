package arca.monitor.reactor;

import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.monitor.ledger.Ledgers.user;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.Sockets;
import arca.monitor.Monitor;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.MonitorConfig;
import arca.monitor.guest.SharedResources;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.Ledgers;
import arca.monitor.server.GuestThread;
import arca.testkit.Together;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** A waker that is used while and after it closes does not write to another file that has its descriptor's number. */
class WakerTest {
    private static final int THREADS = 4;
    private static final int ROUNDS = 5000;

    @Test
    void wakeAfterCloseWritesToNoOtherFile() throws Exception {
        AtomicReference<Waker> waker = new AtomicReference<>(Waker.open());
        AtomicBoolean over = new AtomicBoolean();
        List<FutureTask<Void>> callers = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            callers.add(Together.start(() -> {
                while (!over.get()) waker.get().wake();
            }));
        }
        for (int i = 0; i < ROUNDS; i++) {
            waker.get().close();
            try (EventFd other = EventFd.open()) { // it gets the number that was closed, the lowest free one: open(2)
                assertEquals(0, other.drain(), "a stray write");
                waker.set(Waker.open());
                assertEquals(0, other.drain(), "a stray write");
            }
        }
        over.set(true);
        for (FutureTask<Void> caller : callers) Together.join(caller);
        waker.get().close();
    }

    /** {@link Monitor#snapshot} does so if the guest and the monitor end meanwhile. */
    @Test
    void guestThatHasEndedMayStillBeAsked() throws Exception {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM | SOCK_NONBLOCK)) {
            CountDownLatch ended = new CountDownLatch(1);
            Ledger ledger = Ledgers.ample();
            Waker waker = Waker.open();
            SharedResources shared = new SharedResources(MonitorConfig.DEFAULT, ledger);
            GuestThread guest = new GuestThread(
                    shared.log.of("g1", ledger.principal(user(0))),
                    new GuestIdentity(1, 0, 0, Optional.empty()),
                    shared,
                    ledger.open(user(0)),
                    new Fd(pair.first().release()),
                    waker,
                    _ -> ended.countDown());
            guest.start();
            guest.kill();
            ended.await();
            int number = waker.fd();
            waker.close();
            List<EventFd> others = new ArrayList<>(); // each takes the lowest number that is free
            do others.add(EventFd.open());
            while (others.getLast().fd().value() < number);
            guest.ask();
            for (EventFd other : others) {
                assertEquals(0, other.drain(), "a stray write");
                other.close();
            }
        }
    }
}
