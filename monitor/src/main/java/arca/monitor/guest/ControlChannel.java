package arca.monitor.guest;

import arca.monitor.reactor.Descriptor;
import arca.monitor.relay.DataPipe;
import java.lang.foreign.MemorySegment;

/** What carries a guest's control protocol: bytes both ways, and a data pipe with some of those to the guest. */
public sealed interface ControlChannel extends AutoCloseable permits UnixSocketChannel, PipePairChannel {
    /** What becomes readable when the guest has sent something. */
    Descriptor reader();

    /** What becomes writable when the guest has read something; may be the same. */
    Descriptor writer();

    /** Reads what the guest has sent: bytes, 0 at the end, or {@code -errno}. */
    long receive(MemorySegment buffer);

    /** Sends one frame, whole or not at all: its length, or {@code -errno}. */
    long send(MemorySegment frame, int length);

    /**
     * Sends one frame and the guest's ends of a data pipe, whole or not at all. Once it has succeeded those ends are the
     * guest's.
     *
     * @return the frame's length, or {@code -errno}
     */
    long send(MemorySegment frame, int length, int pipeId, DataPipe pipe);

    /** Closes our descriptors. */
    @Override
    void close();
}
