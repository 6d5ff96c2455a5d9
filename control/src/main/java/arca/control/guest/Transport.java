package arca.control.guest;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Carries bytes to and from the monitor, and receives the data pipes that come with its replies. A transport owns its
 * descriptors, never waits, and does not look at the bytes. For one thread at a time.
 */
sealed interface Transport extends AutoCloseable permits UnixTransport, PipeTransport {
    /** Returns the descriptor to poll for POLLIN before {@link #read}. The transport keeps it. */
    int input();

    /** Returns the descriptor to poll for POLLOUT before {@link #write}. It may be the same as {@link #input}. */
    int output();

    /** Returns the memory in which {@link #read} leaves bytes. */
    MemorySegment bytes();

    /**
     * Reads what has arrived.
     *
     * @return the number of bytes that are now at the beginning of {@link #bytes}, 0 at the end, or {@code -errno}
     * @throws IOException if descriptors came with the bytes that cannot be those of a data pipe
     */
    long read() throws IOException;

    /**
     * Writes as many of the bytes as there is room for.
     *
     * @return the number of bytes written, or {@code -errno}
     */
    long write(MemorySegment bytes);

    /**
     * Takes the ends of the data pipe of the next ready reply.
     *
     * @param pipeId the number of the data pipe in that reply
     * @return the two ends; the caller closes them
     * @throws arca.bindings.ErrnoException EMFILE if this process had no free descriptors for them. This data pipe is lost,
     *     others may still come
     * @throws IOException if there is no such data pipe
     */
    DataPipes.Ends take(int pipeId) throws IOException;

    /** Returns how many data pipes have been received and not yet taken. */
    int untaken();

    /** Closes the descriptors of this transport, and the data pipes that were not taken. */
    @Override
    void close();
}
