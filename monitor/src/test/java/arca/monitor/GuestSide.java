package arca.monitor;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.control.ConnectionReady;

/** A guest's ends of a data pipe. */
final class GuestSide extends Side {
    final ConnectionReady ready;

    GuestSide(Fd reader, Fd writer, ConnectionReady ready) throws ErrnoException {
        super(reader, writer);
        this.ready = ready;
    }

    @Override
    void finish() {
        output.close();
    }

    /** Closes the end to read from. */
    void stopReading() {
        input.close();
    }
}
