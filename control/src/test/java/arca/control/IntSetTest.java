package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IntSetTest {
    /** With few different values the table stays small and full of runs; with many it grows many times. */
    @ParameterizedTest(name = "{0} different values")
    @ValueSource(ints = {7, 20, 1_000, 100_000})
    void holdsWhatAHashSetHolds(int different) {
        SplittableRandom random = new SplittableRandom(different);
        IntSet set = new IntSet();
        Set<Integer> model = new HashSet<>();
        int first = -different / 2; // so that negative values, the high ids, are among them
        for (int round = 0; round < 200_000; round++) {
            int value = first + random.nextInt(different);
            if (value == 0) continue;
            if (random.nextBoolean()) assertEquals(model.add(value), set.add(value));
            else assertEquals(model.remove(value), set.remove(value));
        }
        for (int value : model) assertEquals(true, set.remove(value), () -> "lost " + value);
        for (int value = first; value < first + different; value++) assertEquals(false, set.remove(value));
    }
}
