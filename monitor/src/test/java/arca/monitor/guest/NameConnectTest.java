package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.Ledgers;
import arca.monitor.ledger.Resource;
import arca.monitor.observe.GuestEvent;
import arca.monitor.policy.HostName;
import arca.monitor.policy.Policy;
import arca.monitor.policy.Reason;
import arca.monitor.resolve.Resolver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A guest asks for connections by name. The peers are on loopback, which the rules name where it must be reached. */
class NameConnectTest {
    private static final HostName NAME = HostName.parse("a.example");

    private final Queue<List<InetAddress>> answers = new ConcurrentLinkedQueue<>();
    private final AtomicInteger asked = new AtomicInteger();
    private final List<GuestEvent> events = new ArrayList<>();
    private final CountDownLatch late = new CountDownLatch(1);
    private ServerSocket listener;

    @BeforeEach
    void listen() throws Exception {
        listener = new ServerSocket();
        listener.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.9"), 0));
    }

    @AfterEach
    void close() throws Exception {
        late.countDown();
        listener.close();
    }

    private List<InetAddress> resolve(String name) throws UnknownHostException {
        asked.incrementAndGet();
        List<InetAddress> next = answers.poll();
        if (next != null) return next;
        if (!name.equals("late.example")) throw new UnknownHostException(name);
        awaitUninterrupted(late);
        return addresses("127.0.0.9");
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts this thread", e);
        }
    }

    private static List<InetAddress> addresses(String... texts) {
        return Stream.of(texts).map(InetAddress::ofLiteral).toList();
    }

    private MonitorConfig.Builder config(Resolver resolver, String... rules) {
        return MonitorConfig.builder()
                .policy(Policy.NOTHING.allowConnect(rules))
                .resolver(resolver)
                .observer((_, event) -> events.add(event));
    }

    private DrivenGuest guest(String... rules) throws Exception {
        return new DrivenGuest(config(this::resolve, rules).build());
    }

    private int port() {
        return listener.getLocalPort();
    }

    private Reason.Kind denied() {
        return ((GuestEvent.Denied) events.removeLast()).denial().reason().kind();
    }

    private static void assertRefused(int errno, DrivenGuest driven) throws Exception {
        assertEquals(new ConnectErr(errno), driven.reply());
    }

    @Test
    void nameThatNoRuleAllowsIsNotResolved() throws Exception {
        try (DrivenGuest driven = guest("any", "b.example", "*.a.example", "127.0.0.0/8")) {
            driven.connect(NAME, port());
            assertRefused(Errno.EACCES, driven);
            assertEquals(Reason.Kind.NO_RULE, denied());
            assertEquals(0, asked.get(), "names that were resolved");
        }
    }

    @Test
    void nameWithoutAddressIsNotThere() throws Exception {
        try (DrivenGuest driven = guest("a.example")) {
            driven.connect(NAME, port());
            assertRefused(Errno.ENOENT, driven);
        }
    }

    /** The name has a public address when it is judged first, and a private one, of loopback and inside others, later. */
    @Test
    void nameThatChangesItsAddressReachesNothing() throws Exception {
        int port = port();
        try (DrivenGuest driven = guest("a.example")) {
            for (String address : List.of(
                    "127.0.0.9",
                    "::ffff:127.0.0.9",
                    "64:ff9b::127.0.0.9",
                    "64:ff9b::10.0.0.1",
                    "2002:7f00:9::",
                    "10.0.0.1")) {
                answers.add(addresses(address));
                driven.connect(NAME, port);
                assertRefused(Errno.EACCES, driven);
            }
            assertEquals(Reason.Kind.RESOLVES_TO_PROTECTED, denied());
            assertEquals(6, asked.get(), "each connect resolves the name again");
        }
        listener.setSoTimeout(1);
        assertEquals(0, acceptable(), "connections that have come");
    }

    private int acceptable() throws Exception {
        try {
            listener.accept().close();
            return 1;
        } catch (SocketTimeoutException e) {
            return 0;
        }
    }

    @Test
    void addressesAreTriedOneAfterAnother() throws Exception {
        try (DrivenGuest driven = guest("a.example", "127.0.0.0/8", "::1")) {
            answers.add(addresses("127.0.0.1", "10.0.0.1", "127.0.0.9"));
            driven.connect(NAME, port());
            assertInstanceOf(ConnectOk.class, driven.reply());
            assertEquals(1, driven.guest.counts().connections());
            assertEquals(List.of(), events, "a denied address is no denial if another one is allowed");
            answers.add(addresses("127.0.0.1", "::1"));
            driven.connect(NAME, port());
            assertRefused(Errno.ECONNREFUSED, driven);
            answers.add(addresses("127.0.0.1", "10.0.0.1"));
            driven.connect(NAME, port());
            assertRefused(Errno.ECONNREFUSED, driven);
        }
    }

    @Test
    void lookupHasADeadlineAndALateAnswerIsDropped() throws Exception {
        MonitorConfig config = config(this::resolve, "*.example", "127.0.0.0/8")
                .connectTimeout(Duration.ofMillis(1))
                .build();
        try (DrivenGuest driven = new DrivenGuest(config)) {
            driven.connect(HostName.parse("late.example"), port());
            assertEquals(1, driven.guest.counts().connecting());
            assertRefused(Errno.ETIMEDOUT, driven);
            late.countDown();
            driven.settle();
            assertEquals(0, driven.guest.counts().connecting());
            assertEquals(0, driven.guest.counts().connections());
        }
    }

    @Test
    void lookupsCountAsConnects() throws Exception {
        Limits limits = Limits.builder().connecting(2).build();
        try (DrivenGuest driven = new DrivenGuest(
                config(this::resolve, "*.example").limits(limits).build())) {
            HostName name = HostName.parse("late.example");
            driven.connect(name, port());
            driven.connect(name, port());
            driven.connect(name, port());
            assertRefused(Errno.ENOBUFS, driven);
        }
    }

    @Test
    void guestThatEndsLeavesNothing() throws Exception {
        Ledger ledger = Ledgers.ample();
        try (DrivenGuest driven = new DrivenGuest(
                config(this::resolve, "*.example", "127.0.0.0/8").build(), ledger)) {
            driven.connect(HostName.parse("late.example"), port());
            driven.socket.close();
            driven.until("the guest ends", driven.guest::hasEnded);
            assertEquals(1, ledger.used(Resource.LOOKUPS), "the thread still waits");
            late.countDown();
            while (ledger.used(Resource.LOOKUPS) > 0) Thread.onSpinWait();
            driven.settle();
        }
    }

    @Test
    void stoppingRefusesWhatIsResolved() throws Exception {
        try (DrivenGuest driven = guest("*.example", "127.0.0.0/8")) {
            driven.connect(HostName.parse("late.example"), port());
            driven.guest.stop();
            assertRefused(Errno.ESHUTDOWN, driven);
            assertTrue(driven.guest.hasEnded());
        }
    }
}
