package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.Ledgers;
import arca.monitor.ledger.Principal;
import arca.monitor.observe.GuestEvent;
import arca.monitor.observe.MonitorObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RateLimitedLogTest {
    private static final GuestEvent EVENT = new GuestEvent.DenialsOmitted(1);

    private final List<GuestEvent> reported = new ArrayList<>();
    private final Principal user = new Ledger(Map.of(), Ledgers.ports(1), 1, 100, () -> 0)
            .principal(Ledgers.user(1000)); // its time stands still

    private GuestLog log(MonitorObserver observer) {
        return new RateLimitedLog(observer).of("g1", user);
    }

    @Test
    void eventBeyondTheLimitIsNotReported() {
        GuestLog log = log((_, event) -> reported.add(event));
        assertTrue(log.report(EVENT));
        while (user.takeLogLine()) continue;
        assertFalse(log.report(EVENT));
        assertEquals(List.of(EVENT), reported);
    }

    @Test
    void warningBeyondTheLimitHasNoText() {
        GuestLog log = log((_, _) -> {});
        while (user.takeLogLine()) continue;
        log.warn(() -> fail("a text was made"));
    }

    @Test
    void observerThatThrowsHarmsNobody() {
        GuestLog throwing = log((_, event) -> {
            reported.add(event);
            throw new IllegalStateException("a fault of the embedder's");
        });
        assertTrue(throwing.report(EVENT));
        assertTrue(throwing.report(EVENT));
        assertEquals(List.of(EVENT, EVENT), reported);
    }
}
