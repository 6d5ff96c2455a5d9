package arca.monitor.relay;

/**
 * Decides how much memory relays may use for bytes on their way. The relays of a loop share one budget. For the loop's thread
 * only.
 */
public interface MemoryBudget {
    /** Grants everything. For a loop that shares its memory with no other. */
    MemoryBudget UNLIMITED = new MemoryBudget() {
        @Override
        public boolean take(long bytes) {
            return true;
        }

        @Override
        public void give(long bytes) {}
    };

    /** Takes memory, before it is allocated. Returns false if there is no room; then nothing is taken. */
    boolean take(long bytes);

    /** Gives back memory that was taken, after it is freed. */
    void give(long bytes);
}
