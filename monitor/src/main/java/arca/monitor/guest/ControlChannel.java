package arca.monitor.guest;

import arca.monitor.reactor.Descriptor;
import arca.monitor.relay.DataPipe;
import java.lang.foreign.MemorySegment;

/**
 * Carries the control protocol between a guest and the monitor: bytes in both directions, and data pipes to the guest.
 * Loop thread only; never waits.
 */
public sealed interface ControlChannel extends AutoCloseable permits UnixSocketChannel, PipePairChannel {
    /** Returns the descriptor that becomes readable when the guest has sent something. */
    Descriptor reader();

    /** Returns the descriptor that becomes writable when the guest has read something. It may be {@link #reader}. */
    Descriptor writer();

    /**
     * Reads what the guest has sent.
     *
     * @return the number of bytes, 0 at the end, or {@code -errno}
     */
    long receive(MemorySegment buffer);

    /**
     * Sends one frame, whole or not at all.
     *
     * @return the frame's length, or {@code -errno}
     */
    long send(MemorySegment frame, int length);

    /**
     * Sends one frame and the guest's ends of a data pipe, together or not at all. If it succeeds, the monitor no
     * longer has these ends.
     *
     * @return the frame's length, or {@code -errno}
     */
    long send(MemorySegment frame, int length, int pipeId, DataPipe pipe);

    /** Closes the monitor's descriptors of the channel. */
    @Override
    void close();
}
