package arca.monitor.server;

import static arca.monitor.ledger.Ledgers.user;
import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.Syscalls;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.MonitorConfig;
import arca.monitor.guest.SharedResources;
import arca.monitor.ledger.Ledgers;
import arca.monitor.observe.GuestEvent;
import arca.monitor.observe.GuestEvent.PrivilegedUser;
import arca.testkit.Patience;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PrivilegedUserCheckTest {
    private static final int INIT = 1; // a process that this one has not started
    private static final int OWN = Syscalls.geteuid();
    private static final GuestIdentity ROOT = new GuestIdentity(INIT, 0, 0, Optional.empty());

    private final List<GuestEvent> events = new ArrayList<>();
    private final MonitorConfig config = MonitorConfig.builder()
            .observer((_, event) -> {
                if (event instanceof PrivilegedUser) events.add(event);
            })
            .build();
    private final SharedResources shared = new SharedResources(config, Ledgers.ample());
    private final PrivilegedUserCheck check = new PrivilegedUserCheck();

    private void check(String guest, GuestIdentity who) {
        check.check(shared.log.of(guest, shared.ledger.principal(user(who.uid()))), who);
    }

    @Test
    void firstPrivilegedGuestIsReported() {
        check("g1", new GuestIdentity(INIT, OWN + 1, 0, Optional.empty()));
        check("g2", new GuestIdentity(INIT, OWN, 0, Optional.empty()));
        check("g3", ROOT);
        assertEquals(List.of(new PrivilegedUser(INIT, OWN, true)), events);
    }

    @Test
    void ownProcessIsNotReported() {
        check("g1", new GuestIdentity((int) ProcessHandle.current().pid(), OWN, 0, Optional.empty()));
        assertEquals(List.of(), events);
    }

    @Test
    void reportThatTheRateLimitLeavesOutComesLater() throws Exception {
        while (shared.ledger.principal(user(0)).takeLogLine()) continue;
        Patience.await("room for a report", () -> {
            check("g2", ROOT);
            return !events.isEmpty();
        });
        check("g3", ROOT);
        assertEquals(List.of(new PrivilegedUser(INIT, 0, OWN == 0)), events);
    }
}
