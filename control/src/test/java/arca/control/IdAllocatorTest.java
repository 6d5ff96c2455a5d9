package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdAllocatorTest {
    private static final int MAX = -1; // 4294967295

    @Test
    void idsStartAtOneAndAReleasedOneIsNotGivenAgainSoon() {
        IdAllocator ids = new IdAllocator();
        assertEquals(1, ids.take());
        ids.release(1);
        assertEquals(2, ids.take());
        assertEquals(3, ids.take());
    }

    @Test
    void oneFollowsTheLastIdBecauseZeroIsReserved() {
        IdAllocator ids = new IdAllocator(MAX - 1);
        assertEquals(MAX - 1, ids.take());
        assertEquals(MAX, ids.take());
        assertEquals(1, ids.take());
    }

    @Test
    void liveIdsAreLeftOutOnTheNextLap() {
        IdAllocator ids = new IdAllocator();
        for (int id = 1; id <= 5; id++) assertEquals(id, ids.take());
        ids.release(2);
        ids.release(4);
        ids.continueAt(MAX);
        assertEquals(MAX, ids.take());
        assertEquals(2, ids.take());
        assertEquals(4, ids.take());
        assertEquals(6, ids.take());
    }

    /** Laps are cut short: the sequence is set back again and again to before its end. */
    @ParameterizedTest(name = "up to {0} live ids")
    @ValueSource(ints = {1, 10, 3_000})
    void everyLapGivesTheNextIdThatIsNotLive(int most) {
        SplittableRandom random = new SplittableRandom(most);
        IdAllocator ids = new IdAllocator();
        Set<Integer> live = new HashSet<>();
        List<Integer> list = new ArrayList<>();
        int next = 1;
        for (int round = 0; round < 100_000; round++) {
            if (random.nextInt(2_000) == 0) {
                next = -random.nextInt(2 * most);
                ids.continueAt(next);
            }
            if (list.size() < most && (list.isEmpty() || random.nextInt(3) > 0)) {
                while (next == 0 || live.contains(next)) next++;
                assertEquals(next, ids.take());
                live.add(next);
                list.add(next++);
            } else {
                int last = list.removeLast();
                int released = list.isEmpty() ? last : list.set(random.nextInt(list.size()), last);
                live.remove(released);
                ids.release(released);
            }
        }
    }

    @Test
    void idThatIsNotLiveCannotBeReleased() {
        IdAllocator ids = new IdAllocator();
        assertThrows(IllegalStateException.class, () -> ids.release(1));
        ids.release(ids.take());
        assertThrows(IllegalStateException.class, () -> ids.release(1));
        assertThrows(IllegalStateException.class, () -> ids.release(0));
    }

    @Test
    void noIdIsLiveTwiceWithManyThreadsAndLaps() throws Exception {
        int threads = 4;
        int rounds = 50_000;
        IdAllocator ids = new IdAllocator(-rounds);
        Set<Integer> live = ConcurrentHashMap.newKeySet();
        CyclicBarrier together = new CyclicBarrier(threads);
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> results = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                SplittableRandom random = new SplittableRandom(thread);
                results.add(pool.submit(() -> {
                    ArrayDeque<Integer> mine = new ArrayDeque<>();
                    together.await();
                    for (int round = 0; round < rounds; round++) {
                        // Now and then the sequence is set back, so that it comes to live ids.
                        if (random.nextInt(1_000) == 0) ids.continueAt(-random.nextInt(5_000));
                        int id = ids.take();
                        assertTrue(id != 0 && live.add(id), () -> Integer.toUnsignedString(id) + " was given twice");
                        mine.add(id);
                        if (mine.size() > 100) {
                            int oldest = mine.remove();
                            live.remove(oldest);
                            ids.release(oldest);
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> result : results) result.get();
        }
        assertEquals(threads * 100, live.size());
    }
}
