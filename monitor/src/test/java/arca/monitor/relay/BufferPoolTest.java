package arca.monitor.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.monitor.relay.BufferPool.Buffer;
import org.junit.jupiter.api.Test;

class BufferPoolTest {
    private final Budget budget = new Budget(100_000);
    private final BufferPool pool = new BufferPool(budget);

    /** A budget of so many bytes. */
    private static final class Budget implements MemoryBudget {
        private final long limit;
        private long used;

        Budget(long limit) {
            this.limit = limit;
        }

        @Override
        public boolean take(long bytes) {
            if (bytes > limit - used) return false;
            used += bytes;
            return true;
        }

        @Override
        public void give(long bytes) {
            used -= bytes;
        }
    }

    @Test
    void sizeIsTheNextPowerOfTwo() {
        assertEquals(8192, pool.acquire(4097).size());
        assertEquals(8192, pool.acquire(8192).size());
        assertEquals(1, pool.acquire(1).size());
    }

    @Test
    void oneFreeBufferOfEachSizeIsKept() {
        Buffer first = pool.acquire(8192);
        Buffer second = pool.acquire(8192);
        assertNotSame(first, second);
        pool.release(first);
        pool.release(second);
        assertEquals(8192, budget.used);
        assertThrows(IllegalStateException.class, () -> second.memory().fill((byte) 0));
        assertSame(first, pool.acquire(8192));
    }

    @Test
    void budgetThatIsUsedUpGivesNoBufferButPages() {
        Buffer most = pool.acquire(65536);
        assertSame(Buffer.NONE, pool.acquire(65536));
        assertEquals(BufferPool.PAGE, pool.acquire(BufferPool.PAGE).size());
        assertEquals(BufferPool.PAGE, pool.acquire(BufferPool.PAGE).size());
        pool.release(most);
        assertNotEquals(Buffer.NONE, pool.acquire(65536));
    }

    @Test
    void closeGivesEverythingBack() {
        Buffer first = pool.acquire(8192);
        Buffer second = pool.acquire(16384);
        pool.release(first);
        pool.release(second);
        assertEquals(8192 + 16384, budget.used);
        pool.close();
        assertEquals(0, budget.used);
    }

    @Test
    void closeWhileABufferIsInUseIsAFault() {
        pool.acquire(8192);
        assertThrows(AssertionError.class, pool::close);
    }
}
