package arca.control.guest;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Syscalls;
import arca.control.guest.DataPipes.Ends;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Two kernel pipes to a monitor in the same process. The guest takes its data pipes from that monitor, by number. */
final class PipeTransport implements Transport {
    private static final int SIZE = 4096; // bytes read at a time

    private final Fd fromMonitor;
    private final Fd toMonitor;
    private final DataPipes pipes;
    private final MemorySegment bytes =
            Arena.ofAuto().allocate(SIZE); // automatic: one thread creates it, another uses it

    /** Takes ownership of both descriptors, even if it throws. */
    PipeTransport(Fd fromMonitor, Fd toMonitor, DataPipes pipes) throws ErrnoException {
        this.fromMonitor = fromMonitor;
        this.toMonitor = toMonitor;
        this.pipes = pipes;
        try {
            fromMonitor.nonBlocking(true);
            toMonitor.nonBlocking(true);
        } catch (ErrnoException e) {
            close();
            throw e;
        }
    }

    @Override
    public int input() {
        return fromMonitor.value();
    }

    @Override
    public int output() {
        return toMonitor.value();
    }

    @Override
    public MemorySegment bytes() {
        return bytes;
    }

    @Override
    public long read() {
        return Syscalls.read(fromMonitor.value(), bytes);
    }

    @Override
    public long write(MemorySegment bytes) {
        return Syscalls.write(toMonitor.value(), bytes);
    }

    @Override
    public Ends take(int pipeId) throws IOException {
        return pipes.take(pipeId);
    }

    @Override
    public int untaken() {
        return 0; // the monitor owns them until they are taken
    }

    @Override
    public void close() {
        fromMonitor.close();
        toMonitor.close();
    }
}
