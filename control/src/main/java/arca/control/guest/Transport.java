package arca.control.guest;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * The way to the monitor: bytes both ways, and the data pipes that come with its replies. It owns its descriptors, never
 * waits, and knows nothing of what the bytes say. One thread at a time.
 */
sealed interface ControlChannel extends AutoCloseable permits UnixChannel, PipeChannel {
    /** The descriptor to poll for POLLIN before {@link #read}. */
    int input();

    /** The descriptor to poll for POLLOUT before {@link #write}; perhaps the same. */
    int output();

    /** Where {@link #read} puts bytes. */
    MemorySegment bytes();

    /**
     * Reads what is there.
     *
     * @return bytes now at the beginning of {@link #bytes}, 0 at the end, or {@code -errno}
     * @throws IOException if descriptors came with them that cannot be a data pipe's
     */
    long read() throws IOException;

    /** Writes as much of a buffer as there is room for: bytes taken, or {@code -errno}. */
    long write(MemorySegment bytes);

    /**
     * The ends of the data pipe that the next ready reply hands over, now the caller's.
     *
     * @throws arca.bindings.ErrnoException EMFILE if this process had no descriptors for them: this pipe is lost,
     *     others may come
     * @throws IOException if there is no such pipe
     */
    DataPipes.Ends take(int pipeId) throws IOException;

    /** How many data pipes have come that were not taken. */
    int untaken();

    /** Closes the channel, and the data pipes that were not taken. */
    @Override
    void close();
}
