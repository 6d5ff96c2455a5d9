package arca.monitor.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.config.GuestIdentity;
import arca.monitor.server.WaitingGuests.Waiting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WaitingGuestsTest {
    private final WaitingGuests waiting = new WaitingGuests();

    private void add(int uid, int pid) {
        waiting.add(new Waiting(null, new GuestIdentity(pid, uid, uid, Optional.empty()), null, null));
    }

    private List<Integer> removeAll() {
        List<Integer> pids = new ArrayList<>();
        while (!waiting.isEmpty()) pids.add(waiting.remove().who().pid());
        return pids;
    }

    @Test
    void usersTakeTurns() {
        for (int pid = 1; pid <= 4; pid++) add(1000, pid);
        add(1001, 5);
        add(1002, 6);
        add(1001, 7);
        assertEquals(List.of(1, 5, 6, 2, 7, 3, 4), removeAll());
    }

    @Test
    void guestsOfOneUserKeepTheirOrder() {
        assertTrue(waiting.isEmpty());
        for (int pid = 1; pid <= 3; pid++) add(1000, pid);
        assertEquals(1, waiting.remove().who().pid());
        add(1000, 4);
        assertEquals(List.of(2, 3, 4), removeAll());
    }
}
