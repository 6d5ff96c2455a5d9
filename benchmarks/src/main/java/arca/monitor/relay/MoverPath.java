package arca.monitor.relay;

import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.POLLOUT;
import static arca.bindings.Constants.SOCK_NONBLOCK;

import arca.benchmarks.Loopback;
import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.bindings.Poll;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LinuxKernel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.function.BiFunction;

/** The monitor's own path: a {@link Mover} that uses splice(2), or read(2) and write(2). */
final class MoverPath implements Path {
    private final Arena arena = Arena.ofConfined();
    private final Poll ready = new Poll(arena, 1);
    private final LinuxKernel kernel = new LinuxKernel();
    private final Mover mover;
    private final PendingBytes pending;
    private final Pipe pipe;
    private final Loopback tcp;
    private final boolean fromPipe;

    MoverPath(PathBenchmark.Direction direction, BiFunction<Kernel, MemoryBudget, Mover> method, int pipeSize)
            throws IOException {
        mover = method.apply(kernel, MemoryBudget.UNLIMITED);
        pending = mover.newPendingBytes();
        pipe = Pipe.open(O_NONBLOCK, pipeSize);
        tcp = Loopback.open(SOCK_NONBLOCK);
        tcp.peer().nonBlocking(true);
        fromPipe = direction == PathBenchmark.Direction.PIPE_TO_SOCKET;
        ready.set(0, tcp.ours().value(), fromPipe ? POLLOUT : POLLIN);
    }

    @Override
    public Fd feed() {
        return fromPipe ? pipe.writer() : tcp.peer();
    }

    @Override
    public Fd drain() {
        return fromPipe ? tcp.peer() : pipe.reader();
    }

    @Override
    public long move(long count) {
        Fd source = fromPipe ? pipe.reader() : tcp.ours();
        Fd sink = fromPipe ? tcp.ours() : pipe.writer();
        if (!pending.isEmpty()) return mover.flush(pending, sink.value());
        return mover.move(source.value(), sink.value(), mover.bytesToAsk(count), pending);
    }

    @Override
    public void awaitSocket() throws IOException {
        ready.poll(-1);
    }

    @Override
    public void close() {
        pipe.close();
        tcp.close();
        mover.close();
        kernel.close();
        arena.close();
    }
}
