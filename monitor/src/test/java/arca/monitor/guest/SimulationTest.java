package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.monitor.sim.Wedged;
import arca.testkit.LongForm;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Runs the guest loop in simulated worlds: RELIABILITY.md. {@code ./build simulate SEEDS FIRST} runs more of them. */
class SimulationTest {
    private static final long SEEDS = Long.getLong("arca.seeds", LongForm.times(10_000, 100_000));
    private static final long FIRST = Long.getLong("arca.first", 0);
    private static final int REPORTED = 10; // failures, then it is enough

    @Test
    void nothingIsWrongWithAnyHistory() {
        long begin = System.nanoTime();
        List<String> failures = LongStream.range(FIRST, FIRST + SEEDS)
                .parallel()
                .mapToObj(History::failure)
                .filter(Objects::nonNull)
                .limit(REPORTED)
                .toList();
        assertEquals(List.of(), failures);
        long millis = (System.nanoTime() - begin) / 1_000_000;
        System.out.println(
                SEEDS + " histories from seed " + FIRST + " on, " + SEEDS * 1000 / (millis + 1) + " a second");
    }

    @Test
    void historyIsTheSameEachTime() {
        for (long seed = 0; seed < 20; seed++) {
            StringBuilder first = new StringBuilder();
            StringBuilder second = new StringBuilder();
            History.run(seed, Set.of(), false, line -> first.append(line).append('\n'));
            History.run(seed, Set.of(), false, line -> second.append(line).append('\n'));
            assertEquals(first.toString(), second.toString());
        }
    }

    @Test
    void guestThatLocksItsPipesStopsItsLoopInACallAndNotInAWait() {
        int wedged = 0;
        for (long seed = 0; seed < 50; seed++) {
            try {
                History.run(seed, Set.of(), true, null);
            } catch (Wedged e) {
                wedged++;
            }
        }
        assertTrue(wedged > 10, wedged + " of 50");
    }
}
