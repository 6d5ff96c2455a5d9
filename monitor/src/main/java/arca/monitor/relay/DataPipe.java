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
 * Two kernel pipes, one for each direction. Two of their four ends are for the guest and block; the other two are the
 * monitor's and do not block. Each end is closed by itself. For the loop's thread only.
 *
 * <p>A guest can hold the lock of its pipes, and a call that takes the lock then waits for as long as the guest likes. So only the
 * guest's own thread may make such calls, also those about a pipe's capacity.
 */
public final class DataPipe implements AutoCloseable {
    private final Descriptor guestReader;
    private final Descriptor writer;
    private final Descriptor reader;
    private final Descriptor guestWriter;
    private final int ringSize;
    private final Kernel kernel;

    private DataPipe(Descriptor[] toGuest, Descriptor[] fromGuest, int ringSize, Kernel kernel) {
        this.kernel = kernel;
        this.guestReader = toGuest[0];
        this.writer = toGuest[1];
        this.reader = fromGuest[0];
        this.guestWriter = fromGuest[1];
        this.ringSize = ringSize;
    }

    /**
     * Opens both pipes.
     *
     * @param size bytes that each pipe should hold; if the system refuses it, each pipe keeps the size it was made with
     * @throws ErrnoException EMFILE or ENFILE at a limit; no descriptor is left open then
     */
    public static DataPipe open(Reactor reactor, int size) throws ErrnoException {
        Kernel kernel = reactor.kernel();
        Descriptor[] toGuest = pipe(reactor);
        try {
            Descriptor[] fromGuest = pipe(reactor);
            // Not checked: F_SETFL of a descriptor that pipe2 has just opened cannot fail.
            kernel.fcntl(toGuest[1].fd(), F_SETFL, O_NONBLOCK);
            kernel.fcntl(fromGuest[0].fd(), F_SETFL, O_NONBLOCK);
            int ringSize = Math.min(resize(kernel, toGuest[1].fd(), size), resize(kernel, fromGuest[0].fd(), size));
            return new DataPipe(toGuest, fromGuest, ringSize, kernel);
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

    /** Returns the end that the guest reads from. */
    public Descriptor guestReader() {
        return guestReader;
    }

    /** Returns the end that the guest writes to. */
    public Descriptor guestWriter() {
        return guestWriter;
    }

    /** Returns the end that the monitor writes to, for the guest to read; non-blocking. */
    Descriptor writer() {
        return writer;
    }

    /** Returns the end that the monitor reads from, what the guest has written; non-blocking. */
    Descriptor reader() {
        return reader;
    }

    /** Returns how many bytes write(2) could put into each pipe when it was opened. */
    public int ringSize() {
        return ringSize;
    }

    /**
     * Returns how many bytes both pipes can hold now: F_GETPIPE_SZ, fcntl(2). The guest may have changed that. Takes the pipes'
     * locks, which the guest may hold.
     *
     * @return bytes; a pipe whose end here is closed counts as it was when it was opened
     */
    public long capacity() {
        return capacity(writer) + capacity(reader);
    }

    private long capacity(Descriptor end) {
        return end.isOpen() ? kernel.fcntl(end.fd(), F_GETPIPE_SZ, 0) : ringSize;
    }

    /** Makes the pipes as small as they were when they were opened, as far as their contents allow. Takes the pipes' locks. */
    public void restore() {
        restore(writer);
        restore(reader);
    }

    private void restore(Descriptor end) {
        // Not checked: the pipe stays as it is if it is too full.
        if (end.isOpen() && capacity(end) > ringSize) kernel.fcntl(end.fd(), F_SETPIPE_SZ, ringSize);
    }

    /** Closes the guest's two ends: they were sent to the guest, or never will be. */
    public void closeGuestEnds() {
        guestReader.close();
        guestWriter.close();
    }

    /** Closes those of the four ends that are still open. */
    @Override
    public void close() {
        closeGuestEnds();
        writer.close();
        reader.close();
    }
}
