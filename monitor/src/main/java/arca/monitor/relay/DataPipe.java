package arca.monitor.relay;

import static arca.bindings.Constants.F_GETPIPE_SZ;
import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.F_SETPIPE_SZ;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.ErrnoException.check;

import arca.bindings.ErrnoException;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.Reactor;

/**
 * Two kernel pipes, one for each direction, and their four ends: two are the guest's and blocking, two are ours and not.
 * Each end is an owner of its own. Loop thread only.
 *
 * <p>What needs a pipe's lock and is not relaying, its capacity too, is done here, before a guest has its ends: later the
 * guest could make such a call wait without end.
 */
public final class DataPipe implements AutoCloseable {
    private final Descriptor guestReader;
    private final Descriptor writer;
    private final Descriptor reader;
    private final Descriptor guestWriter;
    private final int ringSize;

    private DataPipe(Descriptor[] toGuest, Descriptor[] fromGuest, int ringSize) {
        this.guestReader = toGuest[0];
        this.writer = toGuest[1];
        this.reader = fromGuest[0];
        this.guestWriter = fromGuest[1];
        this.ringSize = ringSize;
    }

    /**
     * Makes both pipes.
     *
     * @param size bytes that each should hold; where the system does not grant it, what it gives
     * @throws ErrnoException EMFILE or ENFILE at a limit; nothing is open then
     */
    public static DataPipe open(Reactor reactor, int size) throws ErrnoException {
        Kernel kernel = reactor.kernel();
        Descriptor[] toGuest = pipe(reactor);
        try {
            Descriptor[] fromGuest = pipe(reactor);
            // F_SETFL of what pipe2 made fails for no reason but a closed descriptor.
            kernel.fcntl(toGuest[1].fd(), F_SETFL, O_NONBLOCK);
            kernel.fcntl(fromGuest[0].fd(), F_SETFL, O_NONBLOCK);
            int ringSize = Math.min(resize(kernel, toGuest[1].fd(), size), resize(kernel, fromGuest[0].fd(), size));
            return new DataPipe(toGuest, fromGuest, ringSize);
        } catch (ErrnoException e) {
            toGuest[0].close();
            toGuest[1].close();
            throw e;
        }
    }

    private static Descriptor[] pipe(Reactor reactor) throws ErrnoException {
        int[] ends = new int[2];
        check("pipe2", reactor.kernel().pipe2(ends));
        return new Descriptor[] {Descriptor.ofPipe(reactor, ends[0]), Descriptor.ofPipe(reactor, ends[1])};
    }

    private static int resize(Kernel kernel, int end, int size) {
        int granted = kernel.fcntl(end, F_SETPIPE_SZ, size);
        return granted >= 0 ? granted : kernel.fcntl(end, F_GETPIPE_SZ, 0);
    }

    /** Where the guest reads. */
    public Descriptor guestReader() {
        return guestReader;
    }

    /** Where the guest writes. */
    public Descriptor guestWriter() {
        return guestWriter;
    }

    /** Where we write what the guest is to read; non-blocking. */
    Descriptor writer() {
        return writer;
    }

    /** Where we read what the guest has written; non-blocking. */
    Descriptor reader() {
        return reader;
    }

    /** Bytes that write(2) could put into each pipe when they were made. */
    public int ringSize() {
        return ringSize;
    }

    /** Closes the guest's two ends, after they were passed on or because they never will be. */
    public void closeGuestEnds() {
        guestReader.close();
        guestWriter.close();
    }

    /** Closes what is still open of the four ends. */
    @Override
    public void close() {
        closeGuestEnds();
        writer.close();
        reader.close();
    }
}
