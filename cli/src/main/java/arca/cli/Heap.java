package arca.cli;

import java.util.function.LongSupplier;

/**
 * The heap of a daemon that may run for years. The serial collector looks for what is no longer needed among what has lived
 * for long only once the heap can grow no more; so every connection that lived through a few collections would leave its
 * objects, up to -Xmx. This has it look as soon as the heap holds several times what was alive the last time.
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

    /** Collects where it is time: a pause of all threads, of some milliseconds for each 10 MiB alive. Call now and then. */
    void tidy() {
        if (used.getAsLong() <= bound) return;
        collect.run();
        bound = Math.max(LEAST, TIMES * used.getAsLong());
    }

    /** Bytes of objects, those that nobody needs any more included. */
    static long used() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
