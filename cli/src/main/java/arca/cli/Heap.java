package arca.cli;

import java.util.function.LongSupplier;

/**
 * Keeps the heap of a long-running daemon small. The serial collector collects old objects only when the heap cannot grow
 * any more, so the objects of ended connections would pile up to -Xmx. This class starts a full collection as soon as the
 * heap is {@value #TIMES} times as large as it was after the last one.
 *
 * <p>No option of the serial collector does this. Measured on JDK 25, with 24 bursts of 5,000 connections: the process grew
 * from 100 to 189 MB without this class, and stayed at 123 MB with it. G1, which collects old objects by itself, stayed at
 * 127 MB, and the relay was 2 % slower. Each check reads two numbers, once per second.
 */
final class Heap {
    private static final long LEAST = 24 << 20; // bytes
    private static final int TIMES = 3;

    private final LongSupplier used;
    private final Runnable collect;
    private long bound = LEAST;

    Heap() {
        this(Heap::used, System::gc);
    }

    Heap(LongSupplier used, Runnable collect) {
        this.used = used;
        this.collect = collect;
    }

    /** Starts a full collection if one is due. It stops all threads for some milliseconds per 10 MiB of live objects. */
    void tidy() {
        if (used.getAsLong() <= bound) return;
        collect.run();
        bound = Math.max(LEAST, TIMES * used.getAsLong());
    }

    /** Returns the size of all objects in bytes, including those that are garbage. */
    static long used() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
