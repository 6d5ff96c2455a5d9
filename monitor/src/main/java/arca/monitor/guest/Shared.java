package arca.monitor.guest;

import arca.control.IdAllocator;
import arca.monitor.config.MonitorConfig;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** What all guests of one monitor share. Every part is for any thread, and none of them waits. */
public final class Shared {
    final MonitorConfig config;
    final PipeBudget pipes;
    final IdAllocator listenerIds = new IdAllocator();
    final IdAllocator connectionIds = new IdAllocator();
    final IdAllocator pipeIds = new IdAllocator();

    public final RateLimitedLog log = new RateLimitedLog();

    /** Whether it was said that pipes are smaller than wanted: once is enough. */
    final AtomicBoolean saidSmall = new AtomicBoolean();

    /** Makes what a loop reaches the operating system by. */
    final Supplier<Kernel> kernels;

    public Shared(MonitorConfig config, long pipeMemory) {
        this(config, pipeMemory, LinuxKernel::new);
    }

    public Shared(MonitorConfig config, long pipeMemory, Supplier<Kernel> kernels) {
        this.config = config;
        this.pipes = new PipeBudget(pipeMemory);
        this.kernels = kernels;
    }
}
