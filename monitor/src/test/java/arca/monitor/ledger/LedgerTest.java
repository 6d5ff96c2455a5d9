package arca.monitor.ledger;

import static arca.monitor.ledger.Ledgers.user;
import static arca.monitor.ledger.Resource.COPY_BYTES;
import static arca.monitor.ledger.Resource.DESCRIPTORS;
import static arca.monitor.ledger.Resource.GUESTS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class LedgerTest {
    private static final int ALICE = 1000;
    private static final int BOB = 1001;

    private static final long SECOND = 1_000_000_000;
    private static final int RATE = 10_000; // requests per second of all; 4000 of one principal

    private long now = Long.MAX_VALUE - SECOND / 2; // the clock may overflow: System.nanoTime()
    private final Ledger ledger = ledger(Map.of(GUESTS, 8L, DESCRIPTORS, 100L, COPY_BYTES, 1L << 40), 40);

    private Ledger ledger(Map<Resource, Long> totals, int sharePercent) {
        return new Ledger(totals, Ledgers.ports(1), RATE, sharePercent, () -> now);
    }

    @Test
    void shareIsAPartOfTheTotal() {
        assertEquals(100, ledger.total(DESCRIPTORS));
        assertEquals(40, ledger.share(DESCRIPTORS));
        assertEquals(3, ledger.share(GUESTS));
        assertEquals((1L << 40) / 100 * 40 + (1L << 40) % 100 * 40 / 100, ledger.share(COPY_BYTES));
        assertEquals(0, ledger(Map.of(), 25).share(GUESTS));
    }

    @Test
    void shareHasRoomForOneGuestIfTheTotalHas() {
        assertEquals(1, ledger(Map.of(GUESTS, 2L), 25).share(GUESTS));
        assertEquals(10, ledger(Map.of(DESCRIPTORS, 12L), 25).share(DESCRIPTORS));
        assertEquals(7, ledger(Map.of(DESCRIPTORS, 7L), 25).share(DESCRIPTORS));
    }

    @Test
    void shareOfAHugeTotalDoesNotOverflow() {
        assertEquals(
                Long.MAX_VALUE, ledger(Map.of(DESCRIPTORS, Long.MAX_VALUE), 100).share(DESCRIPTORS));
        assertTrue(ledger(Map.of(DESCRIPTORS, Long.MAX_VALUE), 99).share(DESCRIPTORS) > Long.MAX_VALUE / 100 * 98);
    }

    @Test
    void whatCannotBeATotalOrAShareIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> ledger(Map.of(), 0));
        assertThrows(IllegalArgumentException.class, () -> ledger(Map.of(), 101));
        assertThrows(IllegalArgumentException.class, () -> ledger(Map.of(GUESTS, -1L), 25));
    }

    @Test
    void guestsOfOnePrincipalHaveOneShareTogether() {
        GuestAccount first = ledger.open(user(ALICE));
        GuestAccount second = ledger.open(user(ALICE));
        assertEquals(0, first.take(DESCRIPTORS, 30));
        assertEquals(0, second.take(DESCRIPTORS, 10));
        assertEquals(-Errno.EMFILE, second.take(DESCRIPTORS, 1));
        assertEquals(0, ledger.open(user(BOB)).take(DESCRIPTORS, 40));
    }

    @Test
    void totalIsNeverExceeded() {
        for (int uid = 0; uid < 2; uid++) assertEquals(0, ledger.open(user(uid)).take(DESCRIPTORS, 40));
        GuestAccount third = ledger.open(user(2));
        assertEquals(-Errno.ENFILE, third.take(DESCRIPTORS, 21));
        assertEquals(0, third.take(DESCRIPTORS, 20));
        assertEquals(100, ledger.used(DESCRIPTORS));
    }

    @Test
    void refusalTakesNothing() {
        GuestAccount account = ledger.open(user(ALICE));
        assertEquals(-Errno.EMFILE, account.take(DESCRIPTORS, 41));
        assertEquals(0, account.used(DESCRIPTORS));
        assertEquals(0, account.usedByPrincipal(DESCRIPTORS));
        assertEquals(0, ledger.used(DESCRIPTORS));
    }

    @Test
    void portionTakenInAdvanceNeverCausesARefusal() {
        GuestAccount account = ledger.open(user(ALICE));
        for (int i = 0; i < 40; i++) assertEquals(0, account.take(DESCRIPTORS, 1));
        assertEquals(-Errno.EMFILE, account.take(DESCRIPTORS, 1));
    }

    @Test
    void guestHoldsBackLittle() {
        GuestAccount account = ledger.open(user(ALICE));
        for (int i = 0; i < 30; i++) account.take(DESCRIPTORS, 1);
        for (int i = 30; i > 0; i--) {
            account.give(DESCRIPTORS, 1);
            long used = account.used(DESCRIPTORS);
            long held = Math.max(used / 4, 4); // what four connections take that take one each
            assertTrue(ledger.used(DESCRIPTORS) <= used + held, ledger.used(DESCRIPTORS) + " of " + used);
        }
        account.close();
        assertEquals(0, ledger.used(DESCRIPTORS));
    }

    /** A share of 1,000 for 5 guests at most: each may hold 50, so all together a fourth. */
    @Test
    void connectionsThatComeAndGoTakeNothingMoreFromThePrincipal() {
        Ledger wide = ledger(Map.of(GUESTS, 20L, DESCRIPTORS, 4000L), 25);
        List<GuestAccount> guests = new ArrayList<>();
        for (int i = 0; i < 5; i++) guests.add(wide.open(user(ALICE)));
        for (GuestAccount guest : guests) {
            assertEquals(0, guest.take(DESCRIPTORS, 10));
            guest.give(DESCRIPTORS, 10);
        }
        long held = wide.used(DESCRIPTORS);
        assertTrue(held > 0 && held <= 250, "held: " + held);
        for (int i = 0; i < 1000; i++) {
            GuestAccount guest = guests.get(i % guests.size());
            assertEquals(0, guest.take(DESCRIPTORS, 10));
            assertEquals(held, wide.used(DESCRIPTORS), "no portion was taken");
            guest.give(DESCRIPTORS, 4);
            guest.give(DESCRIPTORS, 6);
            assertEquals(held, wide.used(DESCRIPTORS), "none was given back");
        }
        guests.forEach(GuestAccount::close);
        assertEquals(0, wide.used(DESCRIPTORS));
    }

    @Test
    void moreThanWasTakenCannotBeGivenBack() {
        GuestAccount account = ledger.open(user(ALICE));
        account.take(DESCRIPTORS, 3);
        assertThrows(IllegalStateException.class, () -> account.give(DESCRIPTORS, 4));
        assertEquals(3, account.used(DESCRIPTORS));
    }

    @Test
    void closeGivesBackWhatIsLeft() {
        GuestAccount account = ledger.open(user(ALICE));
        account.take(DESCRIPTORS, 3);
        account.close();
        assertEquals(0, ledger.used(DESCRIPTORS));
    }

    @Test
    void chargeMayExceedTheShareAndTheTotal() {
        GuestAccount account = ledger.open(user(ALICE));
        assertEquals(0, account.take(DESCRIPTORS, 30));
        account.charge(DESCRIPTORS, 100);
        assertEquals(130, account.used(DESCRIPTORS));
        assertEquals(-Errno.EMFILE, account.take(DESCRIPTORS, 1));
        assertEquals(-Errno.ENFILE, ledger.open(user(BOB)).take(DESCRIPTORS, 1));
        account.give(DESCRIPTORS, 100);
        assertEquals(0, account.take(DESCRIPTORS, 10));
        account.close();
        assertEquals(0, ledger.used(DESCRIPTORS));
    }

    @Test
    void principalComesBackWithNothingTaken() {
        GuestAccount account = ledger.open(user(ALICE));
        account.take(DESCRIPTORS, 40);
        account.give(DESCRIPTORS, 40);
        account.close();
        assertEquals(0, ledger.used(DESCRIPTORS));
        assertEquals(0, ledger.open(user(ALICE)).take(DESCRIPTORS, 40));
    }

    /** Takes leave for requests until one must wait. Returns how many need not. */
    private static int requestsAtOnce(GuestAccount account) {
        int requests = 0;
        while (account.takeRequest() == 0) requests++;
        return requests;
    }

    @Test
    void requestsOfOnePrincipalHaveARateTogether() {
        int atOnce = requestsAtOnce(ledger.open(user(ALICE)));
        assertTrue(atOnce > 950 && atOnce <= 1000, atOnce + " of a fourth of a second's 1000");
        assertTrue(ledger.open(user(ALICE)).takeRequest() > 0);
        assertEquals(atOnce, requestsAtOnce(ledger.open(user(BOB))));
    }

    @Test
    void waitEndsWhenItsTimeIsOver() {
        GuestAccount account = ledger.open(user(ALICE));
        requestsAtOnce(account);
        long wait = ledger.open(user(ALICE)).takeRequest();
        assertTrue(wait > 0 && wait <= SECOND / 10, "nanoseconds: " + wait);
        now += wait;
        assertTrue(ledger.open(user(ALICE)).takeRequest() > 0, "the others have waited for this");
        now += SECOND;
        assertEquals(requestsAtOnce(ledger.open(user(BOB))), requestsAtOnce(ledger.open(user(ALICE))));
    }

    @Test
    void guestThatEndsGivesBackTheRequestsThatItHasNotUsed() {
        for (int guest = 0; guest < 4; guest++) {
            try (GuestAccount account = ledger.open(user(ALICE))) {
                for (int i = 0; i < 243; i++) assertEquals(0, account.takeRequest(), guest + ", request " + i);
            }
        }
    }

    @Test
    void logLinesOfOnePrincipalAreAPartOfAllLogLines() {
        assertEquals(40, logLines(ALICE, 1000));
        assertEquals(40, logLines(BOB, 1000));
        assertEquals(20, logLines(BOB + 1, 1000), "what is left of all");
        now += SECOND;
        assertEquals(0, logLines(ALICE, 1000), "40 percent of two lines");
        assertEquals(2, logLines(BOB + 1, 1000), "this one has a part of its own left");
        now += 10_000 * SECOND;
        assertEquals(40, logLines(ALICE, 1000));
    }

    private int logLines(int uid, int tries) {
        int taken = 0;
        for (int i = 0; i < tries; i++) if (ledger.principal(user(uid)).takeLogLine()) taken++;
        return taken;
    }

    @Test
    void nobodyGetsANewShareByConnectingAgain() {
        GuestAccount account = ledger.open(user(ALICE));
        requestsAtOnce(account);
        account.close();
        for (int uid = 2000; uid < 3000; uid++)
            ledger.open(user(uid)).close(); // the ledger forgets those, and not this one
        assertTrue(requestsAtOnce(ledger.open(user(ALICE))) < 50);
        assertTrue(ledger.principals() < 200, "principals: " + ledger.principals());
    }

    /** Threads take, give back, and end, 100,000 times together. No sum is ever past its limit, and all are 0 at the end. */
    @Test
    void booksBalance() throws Exception {
        int threads = 4;
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<Void>> ends = new ArrayList<>();
            for (int i = 0; i < threads; i++) ends.add(pool.submit(randomLives(i, 100_000 / threads)));
            for (Future<Void> end : ends) end.get();
        }
        for (Resource resource : Resource.values()) assertEquals(0, ledger.used(resource), resource.toString());
    }

    private Callable<Void> randomLives(long seed, int steps) {
        return () -> {
            RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            GuestAccount account = ledger.open(user(ALICE + random.nextInt(3)));
            long has = 0;
            int refused = 0;
            for (int i = 0; i < steps; i++) {
                int amount = random.nextInt(12);
                switch (random.nextInt(8)) {
                    case 0, 1, 2, 3 -> {
                        int n = account.take(DESCRIPTORS, amount);
                        assertTrue(n == 0 || n == -Errno.EMFILE || n == -Errno.ENFILE, "answer " + n);
                        if (n == 0) has += amount;
                        else refused++;
                    }
                    case 4, 5, 6 -> {
                        long back = Math.min(has, amount);
                        account.give(DESCRIPTORS, back);
                        has -= back;
                    }
                    default -> {
                        account.give(DESCRIPTORS, has);
                        account.close();
                        account = ledger.open(user(ALICE + random.nextInt(3)));
                        has = 0;
                    }
                }
                assertEquals(has, account.used(DESCRIPTORS));
                assertTrue(account.usedByPrincipal(DESCRIPTORS) <= ledger.share(DESCRIPTORS));
                assertTrue(ledger.used(DESCRIPTORS) <= ledger.total(DESCRIPTORS));
            }
            account.give(DESCRIPTORS, has);
            account.close();
            assertTrue(refused > 0, "no step was refused");
            return null;
        };
    }
}
