package arca.control;

/**
 * A set of ints other than 0, without an object for each: an open-addressing hash table with linear probing. It doubles
 * when it is half full and never shrinks, so it takes 8 to 16 bytes for each int of the largest number it ever held. For
 * one thread at a time.
 */
final class IntSet {
    private static final int EMPTY = 0;
    private static final int SMALLEST = 16; // slots; a power of two, as every size here
    private static final int GOLDEN = 0x9e3779b9; // 2^32 divided by the golden ratio

    private int[] slots = new int[SMALLEST];
    private int size;

    /** Adds an int other than 0; returns false if it was there already. */
    boolean add(int value) {
        int slot = find(value);
        if (slots[slot] == value) return false;
        slots[slot] = value;
        size++;
        if (size > slots.length / 2) grow();
        return true;
    }

    /** Removes an int; returns false if it was not there. */
    boolean remove(int value) {
        int hole = find(value);
        if (slots[hole] == EMPTY) return false;
        // A later value of the same run that could have stood in the hole moves there, and leaves the next hole:
        // without
        // this, find() would stop at the hole and miss it (Knuth, The Art of Computer Programming 3, 6.4, algorithm R).
        for (int slot = next(hole); slots[slot] != EMPTY; slot = next(slot)) {
            if (distance(home(slots[slot]), slot) < distance(hole, slot)) continue;
            slots[hole] = slots[slot];
            hole = slot;
        }
        slots[hole] = EMPTY;
        size--;
        return true;
    }

    /** Returns the slot that holds a value, or the empty one where it belongs. */
    private int find(int value) {
        int slot = home(value);
        while (slots[slot] != value && slots[slot] != EMPTY) slot = next(slot);
        return slot;
    }

    /**
     * Returns the slot where the search for a value begins. The multiplication spreads consecutive values over the table
     * (the same section of Knuth, "Fibonacci hashing"). The low bits alone would put a sequence that has come round on top
     * of the values that are still there from its last lap, and every search would walk along all of them.
     */
    private int home(int value) {
        return value * GOLDEN >>> Integer.numberOfLeadingZeros(slots.length - 1);
    }

    private int next(int slot) {
        return slot + 1 & slots.length - 1;
    }

    private int distance(int from, int to) {
        return to - from & slots.length - 1;
    }

    private void grow() {
        int[] old = slots;
        slots = new int[2 * old.length];
        for (int value : old) {
            if (value != EMPTY) slots[find(value)] = value;
        }
    }
}
