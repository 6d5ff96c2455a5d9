package arca.monitor.config;

import static arca.monitor.config.SystemLimit.Demand.ALL_GUESTS;
import static arca.monitor.config.SystemLimit.Demand.ONE_GUEST;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.Monitor;
import arca.monitor.config.Headroom.Grant;
import arca.monitor.config.PipeAllowance.Bound;
import arca.monitor.config.SystemLimit.Descriptors;
import arca.monitor.config.SystemLimit.Pipes;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.Ledgers;
import arca.monitor.ledger.Resource;
import arca.testkit.ChildJvm;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class HeadroomTest {
    private static final Limits SMALL = Limits.builder()
            .connections(100)
            .listeners(10)
            .connecting(20)
            .guests(20)
            .share(50)
            .build();
    private static final MonitorConfig CONFIG =
            MonitorConfig.builder().limits(SMALL).build();
    private static final int ONE = 5 + 10 + 101 * 3 + 21 * 2; // descriptors of one guest of SMALL
    private static final int ALL = 20 * 10; // descriptors of all guests
    private static final long LIMIT = 5000; // descriptors of the process
    private static final long KIB = 1024;

    /** As the ledger has it. */
    private static Grant grant(Resource resource, long total, Limits limits) {
        Ledger ledger = Ledgers.of(Map.of(resource, total), limits.share());
        return new Grant(ledger.total(resource), ledger.share(resource));
    }

    private static List<SystemLimit> descriptors(Limits limits, long total) {
        return Headroom.ofDescriptors(limits, LIMIT, grant(Resource.DESCRIPTORS, total, limits));
    }

    private static List<SystemLimit> pipes(MonitorConfig config, long total) {
        PipeAllowance allowance = new PipeAllowance(total, Bound.MEMORY, List.of());
        return Headroom.ofPipes(config, allowance, grant(Resource.PIPE_BYTES, total, config.limits()));
    }

    @Test
    void guestThatFitsIntoAShareIsNoShortfall() {
        assertEquals(List.of(), descriptors(SMALL, 2 * ONE));
    }

    @Test
    void oneDescriptorTooFewForAGuestIsAShortfall() {
        assertEquals(
                List.of(new Descriptors(ONE_GUEST, ONE, ONE - 1, LIMIT + 1, OptionalInt.of(51), SMALL)),
                descriptors(SMALL, 2 * ONE - 1));
    }

    @Test
    void noShareIsNamedIfNoneIsEnough() {
        Descriptors shortfall = (Descriptors) descriptors(SMALL, ONE - 1).getFirst();
        assertEquals(OptionalInt.empty(), shortfall.share());
        assertEquals(LIMIT + ONE + 1, shortfall.enough());
        shortfall = (Descriptors) descriptors(SMALL, ONE).getFirst();
        assertEquals(OptionalInt.of(100), shortfall.share());
    }

    @Test
    void oneDescriptorTooFewForAllGuestsIsAShortfall() {
        Limits limits =
                SMALL.toBuilder().connections(1).connecting(1).listeners(1).build();
        assertEquals(List.of(), descriptors(limits, ALL));
        assertEquals(
                List.of(new Descriptors(ALL_GUESTS, ALL, ALL - 1, LIMIT + 1, OptionalInt.empty(), limits)),
                descriptors(limits, ALL - 1));
    }

    /** The reserve is larger at a higher limit. */
    @Test
    void limitThatIsNamedIsEnough() {
        for (long limit = 64; limit < 2048; limit++) {
            long open = 10;
            long total = limit - open - Math.min(64, limit / 16);
            Grant grant = grant(Resource.DESCRIPTORS, total, SMALL);
            for (SystemLimit shortfall : Headroom.ofDescriptors(SMALL, limit, grant)) {
                long enough = ((Descriptors) shortfall).enough();
                long then = enough - open - Math.min(64, enough / 16);
                assertFalse(
                        descriptors(SMALL, then).stream()
                                .anyMatch(d -> ((Descriptors) d).demand() == ((Descriptors) shortfall).demand()),
                        limit + ": " + shortfall);
            }
        }
    }

    @Test
    void oneByteTooFewForTheSmallPipesOfAGuestIsAShortfall() {
        MonitorConfig config = CONFIG.toBuilder().pipeSize(64 * 1024).build();
        long needed = 100 * 128 * KIB;
        assertEquals(List.of(), pipes(config, 2 * needed));
        assertEquals(
                List.of(new Pipes(ONE_GUEST, needed, needed - 1, Bound.MEMORY, 2 * needed, OptionalInt.of(51), SMALL)),
                pipes(config, 2 * needed - 1));
    }

    /** The first half of the share goes to 20 connections with pipes of 256 KiB, the second to 80 with pipes of 64 KiB. */
    @Test
    void largePipesOfTheFirstConnectionsCount() {
        long needed = 20 * 512 * KIB + 80 * 128 * KIB;
        MonitorConfig config = CONFIG.toBuilder().pipeSize(256 * 1024).build();
        assertEquals(List.of(), pipes(config, 2 * needed));
        Pipes shortfall = (Pipes) pipes(config, 2 * (needed - 512 * KIB)).getFirst();
        assertTrue(needed <= shortfall.needed() && shortfall.needed() < needed + 100, shortfall.toString());
        assertEquals(2 * shortfall.needed(), shortfall.enough());
    }

    @Test
    void oneByteTooFewForThePipesOfAllGuestsIsAShortfall() {
        Limits limits = SMALL.toBuilder().connections(1).build();
        MonitorConfig config = CONFIG.toBuilder().limits(limits).pipeSize(4096).build();
        long needed = 20 * 2 * 4096;
        assertEquals(List.of(), pipes(config, needed));
        assertEquals(
                List.of(new Pipes(ALL_GUESTS, needed, needed - 1, Bound.MEMORY, needed, OptionalInt.empty(), limits)),
                pipes(config, needed - 1));
    }

    @Test
    void pipeMemoryThatTheKernelDoesNotGrantIsAShortfall() {
        long granted = 1L << 30;
        MonitorConfig config = CONFIG.toBuilder()
                .limits(SMALL.toBuilder().pipeMemory(granted + 1).build())
                .build();
        assertEquals(List.of(new SystemLimit.PipeMemory(granted + 1, granted)), pipes(config, granted));
    }

    @Test
    void guestsThatAreGoneNeedAThreadToo() {
        int needed = 64 + 20 + 20;
        assertEquals(List.of(), Headroom.ofThreads(SMALL, new ThreadAllowance(needed, ThreadAllowance.Bound.USER)));
        assertEquals(
                List.of(new SystemLimit.Threads(needed, needed - 1, ThreadAllowance.Bound.CGROUP, SMALL)),
                Headroom.ofThreads(SMALL, new ThreadAllowance(needed - 1, ThreadAllowance.Bound.CGROUP)));
    }

    /** Prints the limit of descriptors that a monitor asks for, or that it has enough. */
    static final class AtTheLimit {
        private AtTheLimit() {}

        public static void main(String[] args) throws Exception {
            try (Monitor monitor = Monitor.start(CONFIG)) {
                System.out.println(monitor.shortfalls().stream()
                        .filter(Descriptors.class::isInstance)
                        .map(limit -> Long.toString(((Descriptors) limit).enough()))
                        .findFirst()
                        .orElse("enough"));
            }
        }
    }

    private static String output(long limit, Class<?> program) throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -n " + limit + "; exec \"$@\"", "sh"));
        command.addAll(ChildJvm.command(program));
        return ChildJvm.run(command).output().strip();
    }

    @Test
    void limitOfTheProcessIsTheOneItRunsWith() throws Exception {
        long enough =
                Long.parseLong(output(256, AtTheLimit.class).lines().findFirst().orElseThrow());
        // Without a control socket, the share is everything.
        assertTrue(enough > ONE && enough < ONE + 256, "limit: " + enough);
        String said = output(enough + 32, AtTheLimit.class);
        assertTrue(said.startsWith("enough"), said); // the JVM opens files of its own
    }

    /** Prints what a monitor says that does not start. */
    static final class Starts {
        private Starts() {}

        public static void main(String[] args) throws Exception {
            try (Monitor _ = Monitor.start(MonitorConfig.DEFAULT)) {
                System.out.println("started");
            } catch (DescriptorLimitException e) {
                System.out.println(e.limit() + " of " + e.needed() + ": " + e.getMessage());
            }
        }
    }

    private static String startedWith(long limit) throws Exception {
        return output(limit, Starts.class);
    }

    /** The number that it says is enough, and one less is not. */
    @Test
    void limitThatLetsNoGuestInIsRefusedAndTheOneToSetIsNamed() throws Exception {
        String said = startedWith(24);
        assertTrue(said.matches("(?s)24 of [0-9]+: a limit of 24 descriptors leaves no room for one guest.*"), said);
        long needed = Long.parseLong(said.split("[ :]")[2]);
        assertTrue(startedWith(needed - 1).startsWith(needed - 1 + " of "), said);
        assertTrue(startedWith(needed + 32).contains("started"), said); // the JVM opens files of its own
    }
}
