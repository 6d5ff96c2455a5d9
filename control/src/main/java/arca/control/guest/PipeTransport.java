package arca.control.guest;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Syscalls;
import arca.control.guest.DataPipes.Ends;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Two kernel pipes to a monitor in the same process, from which data pipes are taken by their number. */
final class PipeChannel implements ControlChannel {
    private static final int SIZE = 4096;

    private final Fd fromMonitor;
    private final Fd toMonitor;
    private final DataPipes pipes;
    private final MemorySegment bytes = Arena.ofAuto().allocate(SIZE); // made by one thread, used by another

    /** Takes ownership of both descriptors, also where it throws. */
    PipeChannel(Fd fromMonitor, Fd toMonitor, DataPipes pipes) throws ErrnoException {
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
        return 0; // those are the monitor's still
    }

    @Override
    public void close() {
        fromMonitor.close();
        toMonitor.close();
    }
}
