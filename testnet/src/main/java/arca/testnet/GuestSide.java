package arca.testnet;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.control.ConnectionReady;

/** The guest's ends of a data pipe. */
public final class GuestSide extends Side {
    public final ConnectionReady ready;

    public GuestSide(Fd reader, Fd writer, ConnectionReady ready) throws ErrnoException {
        super(reader, writer);
        this.ready = ready;
    }

    @Override
    public void finish() {
        output.close();
    }

    /** Closes the read end. */
    public void stopReading() {
        input.close();
    }
}
