package arca.monitor.lookup;

import static arca.monitor.ledger.Ledgers.user;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import arca.bindings.Errno;
import arca.control.IpAddress;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.Ledgers;
import arca.monitor.ledger.Resource;
import arca.monitor.resolve.Resolver;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LookupsTest {
    private static final int ALICE = 1000;
    private static final int BOB = 1001;
    private static final int SHARE = Lookups.THREADS / 4;

    private final Ledger ledger = Ledgers.of(Map.of(Resource.LOOKUPS, (long) Lookups.THREADS), 25);

    private static InetAddress address(String text) {
        return InetAddress.ofLiteral(text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            1.1.1.1                                   | 1.1.1.1
            1.1.1.1 1.1.1.2 2600::1                   | 1.1.1.1 2600::1 1.1.1.2
            2600::1 2600::2 2600::3 1.1.1.1           | 2600::1 1.1.1.1 2600::2 2600::3
            2600::1 1.1.1.1 2600::1 1.1.1.1           | 2600::1 1.1.1.1
            1.1.1.1 ::ffff:1.1.1.1 1.1.1.2            | 1.1.1.1 1.1.1.2
            1.1.1.1 2600::1 2600::2 1.1.1.2 1.1.1.3   | 1.1.1.1 2600::1 1.1.1.2 2600::2 1.1.1.3
            """)
    void familiesTakeTurns(String answers, String order) {
        List<IpAddress> wanted =
                Stream.of(order.split(" ")).map(IpAddress::parse).toList();
        assertEquals(
                wanted,
                Lookups.inTurns(
                        Stream.of(answers.split(" ")).map(LookupsTest::address).toList()));
    }

    @Test
    void noMoreThanSomeAddressesAreTried() {
        List<InetAddress> many = new ArrayList<>();
        for (int i = 0; i < 100; i++) many.add(address("1.1.1." + i));
        assertEquals(32, Lookups.inTurns(many).size());
    }

    @Test
    void answerIsTheResolvers() {
        Resolver resolver = name -> switch (name) {
            case "a.example" -> List.of(address("1.1.1.1"));
            case "empty.example" -> List.of();
            case "bug.example" -> throw new IllegalStateException("a bug");
            default -> throw new UnknownHostException("there is no " + name);
        };
        try (Lookups lookups = new Lookups(resolver)) {
            assertEquals(new Answer.Addresses(List.of(IpAddress.parse("1.1.1.1"))), ask(lookups, "a.example"));
            assertEquals(new Answer.NotFound("the name has no address"), ask(lookups, "empty.example"));
            assertEquals(new Answer.NotFound("there is no b.example"), ask(lookups, "b.example"));
            assertInstanceOf(Answer.NotFound.class, ask(lookups, "bug.example"));
        }
    }

    private Answer ask(Lookups lookups, String name) {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        assertEquals(0, lookups.start(ledger.principal(user(ALICE)), name, answer::complete));
        return answer.join();
    }

    /** The names of one user are never answered. He keeps his share of the threads, also while he has no guest. */
    @Test
    void namesThatNobodyAnswersKeepTheThreadsOfOneUserAlone() throws Exception {
        CountDownLatch answer = new CountDownLatch(1);
        Resolver resolver = name -> {
            if (name.equals("slow.example")) awaitUninterrupted(answer);
            return List.of(address("1.1.1.1"));
        };
        try (Lookups lookups = new Lookups(resolver)) {
            List<CompletableFuture<Answer>> slow = new ArrayList<>();
            for (int i = 0; i < SHARE; i++) {
                slow.add(new CompletableFuture<>());
                assertEquals(0, lookups.start(ledger.principal(user(ALICE)), "slow.example", slow.getLast()::complete));
            }
            for (int uid = 2000; uid < 3000; uid++) ledger.open(user(uid)).close(); // the ledger forgets those alone
            assertEquals(-Errno.EMFILE, lookups.start(ledger.principal(user(ALICE)), "a.example", _ -> {}));
            CompletableFuture<Answer> other = new CompletableFuture<>();
            assertEquals(0, lookups.start(ledger.principal(user(BOB)), "a.example", other::complete));
            assertInstanceOf(Answer.Addresses.class, other.join());
            answer.countDown();
            for (CompletableFuture<Answer> each : slow) assertInstanceOf(Answer.Addresses.class, each.join());
            while (ledger.used(Resource.LOOKUPS) > 0) Thread.onSpinWait(); // the threads give back after the answer
            assertInstanceOf(Answer.Addresses.class, ask(lookups, "a.example"));
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts this thread", e);
        }
    }
}
