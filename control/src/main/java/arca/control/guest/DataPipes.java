package arca.control.guest;

import arca.bindings.Fd;
import java.io.IOException;

/**
 * Where a guest in the monitor's own process gets its ends of data pipes: from the monitor, which implements this. A
 * guest in another process gets them over the control socket instead.
 */
@FunctionalInterface
public interface DataPipes {
    /**
     * The guest's ends of a data pipe. Whoever has them closes both.
     *
     * @param reader gives the bytes from the peer
     * @param writer takes the bytes to the peer
     */
    record Ends(Fd reader, Fd writer) implements AutoCloseable {
        /** Closes both. */
        @Override
        public void close() {
            reader.close();
            writer.close();
        }
    }

    /**
     * Takes a data pipe's ends, once. Called by the session's thread, which does nothing else meanwhile.
     *
     * @param pipeId the number that the monitor's reply gave, u32
     * @return the ends, from now on the caller's
     * @throws arca.bindings.ErrnoException if this one connection fails, with that errno
     * @throws IOException if there is no such pipe, or not any more: the session is then over
     */
    Ends take(int pipeId) throws IOException;
}
