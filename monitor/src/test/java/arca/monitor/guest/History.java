package arca.monitor.guest;

import static arca.monitor.ledger.Ledgers.user;

import arca.bindings.ErrnoException;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.Ledgers;
import arca.monitor.ledger.Resource;
import arca.monitor.policy.Policy;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Mailbox;
import arca.monitor.sim.Scenario;
import arca.monitor.sim.Violation;
import arca.monitor.sim.Wedged;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/** Runs the real guest loop, unchanged, in a simulated world. One seed decides everything that happens there. */
public final class History {

    /**
     * Allows the peers' whole block. No rule names a single address, so the monitor asks whether it is the host's own.
     */
    private static final Policy POLICY =
            Policy.NOTHING.allowConnect("198.51.100.0/24").allowListen("any");

    private History() {}

    /** Runs one history. Throws a {@link Violation} if a check fails. */
    static Scenario run(long seed, Set<Integer> without, boolean wedges, Consumer<String> trace) {
        Scenario scenario = new Scenario(seed, without, wedges, trace);
        int eventfd = scenario.eventfd();
        int channel = scenario.channel();
        long[] later = {0};
        Ledger ledger = new Ledger(
                Map.of(
                        Resource.GUESTS,
                        1L,
                        Resource.ORPHANS,
                        1L,
                        Resource.DESCRIPTORS,
                        scenario.descriptorShare,
                        Resource.PIPE_BYTES,
                        scenario.pipeMemory,
                        Resource.COPY_BYTES,
                        scenario.copyMemory),
                Ledgers.ports(Scenario.DESTINATIONS),
                scenario.requestRate,
                100,
                () -> scenario.kernel.nanoTime() + later[0]);
        GuestAccount account = ledger.open(user(0));
        account.take(Resource.GUESTS, 1);
        SharedResources shared = new SharedResources(config(scenario), ledger);
        shared.smallPipesLogged.set(true);
        Ledgers.silence(ledger); // thousands of guests break the protocol, and nobody reads that
        Mailbox mailbox = new Mailbox(eventfd, scenario::wakeUp);
        GuestLoop loop;
        try {
            loop = new GuestLoop(
                    new GuestIdentity(1, 0, 0, Optional.empty()),
                    shared.log.of("g" + seed, account.principal()),
                    shared,
                    account,
                    mailbox,
                    scenario.kernel,
                    (kernel, reactor) -> new UnixSocketChannel(kernel, new Descriptor(reactor, channel)));
        } catch (ErrnoException e) {
            // There was no room for a loop. The caller closes the channel, unless the loop had taken it.
            if (scenario.kernel.isOpen(channel)) scenario.kernel.close(channel);
            scenario.check(false);
            return scenario;
        }
        scenario.onEnd(
                () -> mailbox.post(() -> loop.guest().stop()),
                () -> mailbox.post(() -> loop.guest().close()));
        while (!loop.guest().hasEnded()) {
            try {
                loop.reactor().step(-1);
            } catch (Wedged e) {
                if (loop.reactor().isWaiting())
                    throw new Violation("the watchdog would take a stuck loop for an idle one");
                throw e;
            }
            scenario.afterRound(account.used(Resource.DESCRIPTORS));
            scenario.checkPorts(account.ports(), account::portsOfPrincipal);
        }
        loop.close();
        account.give(Resource.ORPHANS, account.used(Resource.ORPHANS)); // with its thread, which a history has not
        for (Resource resource : Resource.values()) {
            if (account.used(resource) != 0)
                throw new Violation("the guest has ended, and still has " + account.used(resource) + " " + resource);
        }
        scenario.checkPorts(account.ports(), account::portsOfPrincipal);
        account.close();
        scenario.checkPorts(0, account::portsOfPrincipal); // the kernel keeps ports longer than the guest lives
        later[0] = 2 * Scenario.TIME_WAIT;
        scenario.checkNoPorts(account::portsOfPrincipal);
        for (Resource resource : Resource.values()) {
            if (ledger.used(resource) != 0) throw new Violation("the ledger does not balance: " + resource);
        }
        scenario.check(true);
        return scenario;
    }

    private static MonitorConfig config(Scenario scenario) {
        Limits limits = Limits.builder()
                .connections(scenario.connections)
                .listeners(scenario.listeners)
                .waitingAccepts(scenario.waitingAccepts)
                .connecting(scenario.connecting)
                .guests(1)
                .guestsPerUid(1)
                .build();
        return MonitorConfig.builder()
                .policy(POLICY)
                .limits(limits)
                .readiness(scenario.poll ? MonitorConfig.Readiness.POLL : MonitorConfig.Readiness.EPOLL)
                .relay(scenario.copies ? MonitorConfig.RelayMode.COPY : MonitorConfig.RelayMode.SPLICE)
                .pipeSize(scenario.pipeSize)
                .build();
    }

    /**
     * Describes what is wrong with a seed, with the actors left out that it does not need; null if nothing is wrong.
     */
    public static String failure(long seed) {
        Throwable first = attempt(seed, Set.of());
        if (first == null) return null;
        Set<Integer> without = new TreeSet<>();
        int actors = new Scenario(seed, Set.of(), false, null).actors();
        Throwable last = first;
        for (int actor = 0; actor < actors; actor++) {
            without.add(actor);
            Throwable smaller = attempt(seed, without);
            if (smaller == null) without.remove(actor);
            else last = smaller;
        }
        return "seed " + seed + " without actors " + without + " of " + actors + ": " + last;
    }

    private static Throwable attempt(long seed, Set<Integer> without) {
        try {
            run(seed, without, false, null);
            return null;
        } catch (RuntimeException | Error e) {
            return e;
        }
    }

    /** Returns the first failing seed of {@code count} seeds, starting at {@code first}; -1 if there is none. */
    public static long firstFailure(long first, long count) {
        for (long seed = first; seed < first + count; seed++) if (attempt(seed, Set.of()) != null) return seed;
        return -1;
    }

    /** Replays one seed and prints each call. */
    public static void main(String[] arguments) {
        Set<Integer> without = new TreeSet<>();
        for (int i = 1; i < arguments.length; i++) without.add(Integer.valueOf(arguments[i]));
        run(Long.parseLong(arguments[0]), without, false, System.out::println);
    }
}
