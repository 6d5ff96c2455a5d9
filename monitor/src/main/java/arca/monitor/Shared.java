package arca.monitor;

import arca.control.IdAllocator;
import java.util.concurrent.atomic.AtomicBoolean;

/** What all guests of one monitor share. Every part is for any thread, and none of them waits. */
final class Shared {
    final MonitorConfig config;
    final PipeBudget pipes;
    final IdAllocator listenerIds = new IdAllocator();
    final IdAllocator connectionIds = new IdAllocator();
    final IdAllocator pipeIds = new IdAllocator();

    /** Whether it was said that pipes are smaller than wanted: once is enough. */
    final AtomicBoolean saidSmall = new AtomicBoolean();

    Shared(MonitorConfig config, long pipeMemory) {
        this.config = config;
        this.pipes = new PipeBudget(pipeMemory);
    }
}
