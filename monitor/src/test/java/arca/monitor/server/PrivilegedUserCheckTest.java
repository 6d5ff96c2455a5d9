package arca.monitor.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import arca.bindings.Sockets.Credentials;
import arca.bindings.Syscalls;
import arca.monitor.config.MonitorConfig;
import arca.monitor.guest.SharedResources;
import arca.monitor.ledger.Ledgers;
import arca.monitor.observe.GuestEvent;
import arca.monitor.observe.GuestEvent.PrivilegedUser;
import arca.testkit.Patience;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrivilegedUserCheckTest {
    private static final int INIT = 1; // a process that this one has not started
    private static final int OWN = Syscalls.geteuid();
    private static final Credentials ROOT = new Credentials(INIT, 0, 0);

    private final List<GuestEvent> events = new ArrayList<>();
    private final MonitorConfig config = MonitorConfig.builder()
            .observer((_, event) -> {
                if (event instanceof PrivilegedUser) events.add(event);
            })
            .build();
    private final SharedResources shared = new SharedResources(config, Ledgers.ample());
    private final PrivilegedUserCheck check = new PrivilegedUserCheck();

    private void check(String guest, Credentials who) {
        check.check(shared.log.of(guest, shared.ledger.principal(who.uid())), who);
    }

    @Test
    void firstPrivilegedGuestIsReported() {
        check("g1", new Credentials(INIT, OWN + 1, 0));
        check("g2", new Credentials(INIT, OWN, 0));
        check("g3", ROOT);
        assertEquals(List.of(new PrivilegedUser(INIT, OWN, true)), events);
    }

    @Test
    void ownProcessIsNotReported() {
        check("g1", new Credentials((int) ProcessHandle.current().pid(), OWN, 0));
        assertEquals(List.of(), events);
    }

    @Test
    void reportThatTheRateLimitLeavesOutComesLater() throws Exception {
        while (shared.ledger.principal(0).takeLogLine()) continue;
        Patience.await("room for a report", () -> {
            check("g2", ROOT);
            return !events.isEmpty();
        });
        check("g3", ROOT);
        assertEquals(List.of(new PrivilegedUser(INIT, 0, OWN == 0)), events);
    }
}
