package arca.monitor.relay;

import arca.bindings.Fd;
import java.io.IOException;

/** One direction of a relay, between a pipe and a TCP connection; and the far end of each, for whoever feeds and drains. */
interface Path extends AutoCloseable {
    /** Where bytes are written that are to be moved; non-blocking. */
    Fd feed();

    /** Where they are read when they were moved; non-blocking. */
    Fd drain();

    /** Moves once: bytes, or -EAGAIN where the socket was not ready. The pipe always is. */
    long move(long count) throws IOException;

    /** Waits until the relay's end of the socket is ready. */
    void awaitSocket() throws IOException;

    @Override
    void close() throws IOException;
}
