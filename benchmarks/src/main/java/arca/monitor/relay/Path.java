package arca.monitor.relay;

import arca.bindings.Fd;
import java.io.IOException;

/** One direction of a relay between a pipe and a TCP connection. The benchmark writes to the one and reads from the other. */
interface Path extends AutoCloseable {
    /** Returns where the benchmark writes the bytes to move; non-blocking. */
    Fd feed();

    /** Returns where the benchmark reads the bytes that were moved; non-blocking. */
    Fd drain();

    /** Moves bytes by one call. Returns how many, or -EAGAIN if the socket was not ready; the pipe always is. */
    long move(long count) throws IOException;

    /** Waits until the relay's end of the socket is ready. */
    void awaitSocket() throws IOException;

    @Override
    void close() throws IOException;
}
