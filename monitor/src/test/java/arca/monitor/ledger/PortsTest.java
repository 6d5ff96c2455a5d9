package arca.monitor.ledger;

import static arca.monitor.ledger.Ledgers.user;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.SocketAddress;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/** The shares of local ports: {@link Ports}, {@link GuestAccount#takePort}. */
class PortsTest {
    private static final int ALICE = 1000;
    private static final int BOB = 1001;
    private static final int SHARE = 4;
    private static final int MOST = 100; // in TIME_WAIT
    private static final long SECOND = 1_000_000_000;
    private static final long MINUTE = 60 * SECOND;

    private static final SocketAddress.Inet FAR = new SocketAddress.IPv4(0xc0000201, 443);
    private static final SocketAddress.Inet LOOPBACK = new SocketAddress.IPv4(0x7f000001, 443);
    private static final SocketAddress.Inet HERE = new SocketAddress.IPv4(0, 443);

    private long now = Long.MAX_VALUE - SECOND / 2; // the clock may overflow: System.nanoTime()
    private final Ledger ledger = ledger(25);

    private Ledger ledger(int sharePercent) {
        LocalPorts ports = new LocalPorts(4 * SHARE, MINUTE, SECOND, MOST, List.of());
        return new Ledger(Map.of(), ports, 1, sharePercent, () -> now);
    }

    private static SocketAddress.Inet ipv6(String address) {
        return new SocketAddress.IPv6((Inet6Address) InetAddress.ofLiteral(address), 443);
    }

    private static void takeShare(GuestAccount account, SocketAddress.Inet to) {
        for (int i = 0; i < SHARE; i++) assertEquals(0, account.takePort(to));
        assertEquals(-Errno.EADDRNOTAVAIL, account.takePort(to));
    }

    @Test
    void guestsOfOnePrincipalHaveOneShareOfADestinationTogether() {
        GuestAccount first = ledger.open(user(ALICE));
        GuestAccount second = ledger.open(user(ALICE));
        assertEquals(0, first.takePort(FAR));
        for (int i = 1; i < SHARE; i++) assertEquals(0, second.takePort(FAR));
        assertEquals(-Errno.EADDRNOTAVAIL, first.takePort(FAR));
        assertEquals(1, first.ports());
        assertEquals(SHARE, first.portsOfPrincipal(FAR));
        takeShare(ledger.open(user(BOB)), FAR);
        takeShare(first, LOOPBACK);
        takeShare(first, new SocketAddress.IPv4(0xc0000201, 444));
    }

    @Test
    void portThatTheKernelHasFreedCanBeTakenAgain() {
        GuestAccount account = ledger.open(user(ALICE));
        takeShare(account, FAR);
        account.givePort(FAR, false);
        assertEquals(0, account.takePort(FAR));
        assertEquals(-Errno.EADDRNOTAVAIL, account.takePort(FAR));
    }

    @Test
    void portInTimeWaitCanBeTakenWhenTheKernelHasFreedIt() {
        GuestAccount account = ledger.open(user(ALICE));
        takeShare(account, FAR);
        account.givePort(FAR, true);
        now += SECOND;
        account.givePort(FAR, true);
        now += MINUTE - SECOND - 1;
        assertEquals(-Errno.EADDRNOTAVAIL, account.takePort(FAR));
        now += 1;
        assertEquals(0, account.takePort(FAR));
        assertEquals(-Errno.EADDRNOTAVAIL, account.takePort(FAR));
    }

    @Test
    void timeWaitIsShorterOnLoopback() {
        GuestAccount account = ledger.open(user(ALICE));
        takeShare(account, LOOPBACK);
        takeShare(account, FAR);
        account.givePort(FAR, true);
        account.givePort(LOOPBACK, true);
        now += SECOND - 1;
        assertEquals(-Errno.EADDRNOTAVAIL, account.takePort(LOOPBACK));
        now += 1;
        assertEquals(0, account.takePort(LOOPBACK));
        assertEquals(-Errno.EADDRNOTAVAIL, account.takePort(FAR));
    }

    @Test
    void unspecifiedAddressIsLoopback() {
        GuestAccount account = ledger.open(user(ALICE));
        takeShare(account, HERE);
        assertEquals(-Errno.EADDRNOTAVAIL, account.takePort(LOOPBACK));
        account.givePort(LOOPBACK, false);
        assertEquals(0, account.takePort(HERE));
        takeShare(account, ipv6("::"));
        assertEquals(-Errno.EADDRNOTAVAIL, account.takePort(ipv6("::1")));
    }

    @Test
    void nobodyGetsANewShareByConnectingAgain() {
        GuestAccount account = ledger.open(user(ALICE));
        takeShare(account, FAR);
        for (int i = 0; i < SHARE; i++) account.givePort(FAR, true);
        account.close();
        for (int uid = 2000; uid < 3000; uid++)
            ledger.open(user(uid)).close(); // the ledger forgets those, and not this one
        account = ledger.open(user(ALICE));
        assertEquals(-Errno.EADDRNOTAVAIL, account.takePort(FAR));
        account.close();
        Principal before = account.principal();
        now += MINUTE;
        for (int uid = 2000; uid < 3000; uid++) ledger.open(user(uid)).close();
        assertTrue(ledger.principal(user(ALICE)) != before, "the ledger still knows the principal");
    }

    @Test
    void closeGivesBackWhatIsLeft() {
        GuestAccount account = ledger.open(user(ALICE));
        takeShare(account, FAR);
        account.close();
        assertEquals(0, account.ports());
        takeShare(ledger.open(user(ALICE)), FAR);
    }

    @Test
    void moreThanWasTakenCannotBeGivenBack() {
        GuestAccount account = ledger.open(user(ALICE));
        ledger.open(user(ALICE)).takePort(FAR);
        assertThrows(IllegalStateException.class, () -> account.givePort(FAR, false));
        assertEquals(1, account.portsOfPrincipal(FAR));
    }

    /** As in the kernel, which does not keep more ports than this either. */
    @Test
    void onlySoManyPortsAreInTimeWait() {
        GuestAccount account = ledger.open(user(ALICE));
        for (int i = 0; i < MOST; i++) {
            SocketAddress.Inet to = new SocketAddress.IPv4(i % 2 == 0 ? 0x7f000001 : 0x0a000001, 1000 + i);
            account.takePort(to);
            account.givePort(to, true);
            assertEquals(1, account.portsOfPrincipal(to));
        }
        account.takePort(FAR);
        account.givePort(FAR, true);
        assertEquals(0, account.portsOfPrincipal(FAR));
        now += SECOND;
        account.takePort(FAR);
        account.givePort(FAR, true);
        assertEquals(1, account.portsOfPrincipal(FAR));
    }

    @Test
    void nothingIsLeftOfAScan() {
        GuestAccount account = ledger.open(user(ALICE));
        for (int i = 0; i < 1_000_000; i++) {
            SocketAddress.Inet to = new SocketAddress.IPv4(0x0a000000 + i, 443);
            assertEquals(0, account.takePort(to));
            account.givePort(to, i % 2 == 0);
        }
        assertEquals(0, account.ports());
        assertEquals(MOST, account.principal().ports.destinations());
        now += MINUTE;
        assertEquals(0, account.principal().ports.destinations());
    }

    @Test
    void shareIsAPartOfThePortsAndAtLeastOne() {
        assertEquals(1, portsAtOnce(1));
        assertEquals(2 * SHARE, portsAtOnce(50));
        assertEquals(1000, portsAtOnce(100), "only the kernel limits a user who may have everything");
    }

    private int portsAtOnce(int sharePercent) {
        GuestAccount account = ledger(sharePercent).open(user(ALICE));
        int n = 0;
        while (n < 1000 && account.takePort(FAR) == 0) n++;
        return n;
    }

    /** What a model says of random steps. */
    @Test
    void booksBalance() {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        List<SocketAddress.Inet> destinations = List.of(FAR, LOOPBACK, new SocketAddress.IPv4(0x0a000001, 80));
        List<GuestAccount> accounts = new ArrayList<>(List.of(ledger.open(user(ALICE)), ledger.open(user(ALICE))));
        Map<SocketAddress.Inet, Queue<Long>> waits = new HashMap<>();
        int[][] taken = new int[accounts.size()][destinations.size()];
        int refused = 0;
        for (SocketAddress.Inet to : destinations) waits.put(to, new ArrayDeque<>());
        for (int step = 0; step < 100_000; step++) {
            now += random.nextLong(random.nextInt(100) == 0 ? 40 * SECOND : SECOND / 10);
            for (Queue<Long> ends : waits.values()) ends.removeIf(end -> end - now <= 0);
            int guest = random.nextInt(accounts.size());
            int i = random.nextInt(destinations.size());
            SocketAddress.Inet to = destinations.get(i);
            int used = taken[0][i] + taken[1][i] + waits.get(to).size();
            switch (random.nextInt(5)) {
                case 0, 1 -> {
                    int n = accounts.get(guest).takePort(to);
                    assertEquals(used < SHARE ? 0 : -Errno.EADDRNOTAVAIL, n, "step " + step);
                    if (n == 0) taken[guest][i]++;
                    else refused++;
                }
                case 2, 3 -> {
                    if (taken[guest][i] == 0) continue;
                    boolean isKept = random.nextBoolean();
                    accounts.get(guest).givePort(to, isKept);
                    taken[guest][i]--;
                    if (isKept) waits.get(to).add(now + (to == LOOPBACK ? SECOND : MINUTE));
                }
                default -> {
                    if (random.nextInt(100) > 0) continue;
                    accounts.get(guest).close();
                    accounts.set(guest, ledger.open(user(ALICE)));
                    taken[guest] = new int[destinations.size()];
                }
            }
            int after = taken[0][i] + taken[1][i] + waits.get(to).size();
            assertEquals(after, accounts.get(guest).portsOfPrincipal(to), "step " + step);
        }
        assertTrue(refused > 1000, "refused: " + refused);
    }

    /** Threads of one user take and give back. There is never more than the share, and nothing is left at the end. */
    @Test
    void booksBalanceBetweenThreads() throws Exception {
        int threads = 4;
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> ends = new ArrayList<>();
            for (int i = 0; i < threads; i++) ends.add(pool.submit(this::takeAndGive));
            for (Future<?> end : ends) end.get();
        }
        assertEquals(0, ledger.open(user(ALICE)).portsOfPrincipal(FAR));
    }

    private void takeAndGive() {
        try (GuestAccount account = ledger.open(user(ALICE))) {
            for (int i = 0; i < 25_000; i++) {
                if (account.takePort(FAR) != 0) continue;
                assertTrue(account.takePort(LOOPBACK) == 0 || account.portsOfPrincipal(LOOPBACK) <= SHARE);
                assertTrue(account.portsOfPrincipal(FAR) <= SHARE);
                account.givePort(FAR, false);
                if (account.ports() > 0) account.givePort(LOOPBACK, false);
            }
        }
    }
}
