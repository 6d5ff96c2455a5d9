package arca.control.guest;

import arca.bindings.Fd;
import java.io.IOException;

/**
 * Gives a guest in the monitor's own process its ends of data pipes. The monitor implements this. A guest in another
 * process receives its ends over the control socket instead.
 */
@FunctionalInterface
public interface DataPipes {
    /**
     * The guest's two ends of a data pipe. Their owner closes both.
     *
     * @param reader the end from which the guest reads the peer's bytes
     * @param writer the end to which the guest writes bytes for the peer
     */
    record Ends(Fd reader, Fd writer) implements AutoCloseable {
        /** Closes both ends. */
        @Override
        public void close() {
            reader.close();
            writer.close();
        }
    }

    /**
     * Takes the ends of a data pipe. They can be taken once. The session's thread calls this, and does nothing else until
     * it returns.
     *
     * @param pipeId the number of the data pipe in the monitor's reply, u32
     * @return the ends; the caller closes them
     * @throws arca.bindings.ErrnoException if this connection fails, with that errno; the session goes on
     * @throws IOException if no such data pipe is there to be taken; the session ends
     */
    Ends take(int pipeId) throws IOException;
}
