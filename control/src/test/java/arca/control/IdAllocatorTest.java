package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class IdAllocatorTest {
    private static final int MAX = -1; // 4294967295

    @Test
    void idsBeginAtOneAndAreNotReusedSoon() {
        IdAllocator ids = new IdAllocator();
        assertEquals(1, ids.take());
        ids.release(1);
        assertEquals(2, ids.take());
        assertEquals(3, ids.take());
    }

    @Test
    void oneFollowsTheLastIdForZeroIsReserved() {
        IdAllocator ids = new IdAllocator(new AtomicInteger(MAX - 1));
        assertEquals(MAX - 1, ids.take());
        assertEquals(MAX, ids.take());
        assertEquals(1, ids.take());
    }

    @Test
    void liveIdsAreLeftOutOnTheNextLap() {
        AtomicInteger next = new AtomicInteger(1);
        IdAllocator ids = new IdAllocator(next);
        for (int id = 1; id <= 5; id++) assertEquals(id, ids.take());
        ids.release(2);
        ids.release(4);
        next.set(MAX);
        assertEquals(MAX, ids.take());
        assertEquals(2, ids.take());
        assertEquals(4, ids.take());
        assertEquals(6, ids.take());
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
    void noIdIsLiveTwiceWhateverTheThreadsAndTheLap() throws Exception {
        int threads = 4;
        int rounds = 50_000;
        AtomicInteger next = new AtomicInteger(-rounds);
        IdAllocator ids = new IdAllocator(next);
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
                        // Now and then the sequence is set back, so that it meets ids that live.
                        if (random.nextInt(1_000) == 0) next.set(-random.nextInt(5_000));
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
