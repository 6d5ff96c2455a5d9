package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.testkit.ChildJvm;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeadroomTest {
    private static final Limits SMALL = new Limits(100, 10, 1, 20, 5, 5, 0);
    private static final long DESCRIPTORS = 64 + 5 * 11 + 100 * 3 + 10 + 20; // that SMALL needs
    private static final long PIPES = 100 * 2 * 65536;

    /** Prints the shortfalls of these limits in a process that may have few descriptors. */
    static final class AtTheLimit {
        private AtTheLimit() {}

        public static void main(String[] args) throws Exception {
            System.out.println(String.join("\n", SMALL.shortfalls()));
        }
    }

    @Test
    void whatSufficesIsNoShortfall() {
        assertEquals(List.of(), Headroom.shortfalls(SMALL, DESCRIPTORS, PIPES));
    }

    @Test
    void oneDescriptorTooFewSaysHowManyAndWhatToRaise() {
        String said = Headroom.shortfalls(SMALL, DESCRIPTORS - 1, PIPES).getFirst();
        assertEquals(
                "one guest with --max-connections 100 beside --max-guests 5 needs 449 descriptors, and this process may"
                        + " have 448: raise the limit (ulimit -n, LimitNOFILE=), or lower those",
                said);
    }

    @Test
    void oneByteTooFewSaysHowManyConnectionsAndWhatToRaise() {
        List<String> said = Headroom.shortfalls(SMALL, Long.MAX_VALUE, PIPES - 1);
        assertEquals(1, said.size());
        assertTrue(said.getFirst().contains("enough for 99 connections"), said.getFirst());
        assertTrue(said.getFirst().contains("raise fs.pipe-user-pages-soft or --pipe-memory"), said.getFirst());
    }

    @Test
    void limitOfTheProcessIsTheOneItRunsWith() throws Exception {
        List<String> command =
                new ArrayList<>(List.of("sh", "-c", "ulimit -n 256; exec \"$@\"", "sh", ChildJvm.java()));
        command.addAll(ChildJvm.sameClasses());
        command.add(AtTheLimit.class.getName());
        String said = ChildJvm.run(command).output();
        assertTrue(said.contains("needs 449 descriptors, and this process may have 256:"), said);
    }
}
