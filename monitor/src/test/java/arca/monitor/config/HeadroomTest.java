package arca.monitor.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.Monitor;
import arca.testkit.ChildJvm;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeadroomTest {
    private static final Limits SMALL = Limits.builder()
            .connections(100)
            .listeners(10)
            .waitingAccepts(1)
            .connecting(20)
            .guests(5)
            .guestsPerUid(5)
            .build();
    private static final long DESCRIPTORS = 64 + 5 * 12 + 100 * 3 + 10 + 20; // that SMALL needs
    private static final long PIPES = 100 * 2 * 65536;

    private static List<SystemLimit> shortfalls(long descriptors, long pipeBytes) {
        PipeAllowance pipes = new PipeAllowance(pipeBytes, PipeAllowance.Bound.CONFIGURED, List.of());
        return Headroom.shortfalls(SMALL, descriptors, pipes);
    }

    /** Prints the shortfalls of these limits in a process that may have few descriptors. */
    static final class AtTheLimit {
        private AtTheLimit() {}

        public static void main(String[] args) throws Exception {
            SMALL.shortfalls().forEach(System.out::println);
        }
    }

    @Test
    void whatSufficesIsNoShortfall() {
        assertEquals(List.of(), shortfalls(DESCRIPTORS, PIPES));
    }

    @Test
    void oneDescriptorTooFewIsAShortfall() {
        assertEquals(
                List.of(new SystemLimit.Descriptors(DESCRIPTORS, DESCRIPTORS - 1, SMALL)),
                shortfalls(DESCRIPTORS - 1, PIPES));
    }

    @Test
    void oneByteTooFewIsAShortfall() {
        List<SystemLimit> limits = shortfalls(Long.MAX_VALUE, PIPES - 1);
        assertEquals(
                List.of(new SystemLimit.ConnectionPipes(PIPES - 1, PipeAllowance.Bound.CONFIGURED, 65536, 100)),
                limits);
        String text = limits.getFirst().toString();
        assertTrue(text.contains("enough for 99 connections"), text);
    }

    @Test
    void boundOfTheUserIsNamed() {
        PipeAllowance ofUser = new PipeAllowance(PIPES - 1, PipeAllowance.Bound.USER, List.of());
        assertEquals(
                List.of(new SystemLimit.ConnectionPipes(PIPES - 1, PipeAllowance.Bound.USER, 65536, 100)),
                Headroom.shortfalls(SMALL, Long.MAX_VALUE, ofUser));
    }

    @Test
    void pipeMemoryThatTheKernelDoesNotGrantIsAShortfall() {
        PipeAllowance ofUser = new PipeAllowance(PIPES, PipeAllowance.Bound.USER, List.of());
        Limits more = SMALL.toBuilder().pipeMemory(PIPES + 1).build();
        assertEquals(
                List.of(new SystemLimit.PipeMemory(PIPES + 1, PIPES)),
                Headroom.shortfalls(more, Long.MAX_VALUE, ofUser));
    }

    @Test
    void limitOfTheProcessIsTheOneItRunsWith() throws Exception {
        List<String> command =
                new ArrayList<>(List.of("sh", "-c", "ulimit -n 256; exec \"$@\"", "sh", ChildJvm.java()));
        command.addAll(ChildJvm.sameClasses());
        command.add(AtTheLimit.class.getName());
        String said = ChildJvm.run(command).output();
        assertTrue(said.contains("needs 454 descriptors, and this process may have 256"), said);
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
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -n " + limit + "; exec \"$@\"", "sh"));
        command.addAll(ChildJvm.command(Starts.class));
        return ChildJvm.run(command).output();
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
