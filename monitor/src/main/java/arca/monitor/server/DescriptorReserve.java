package arca.monitor.server;

import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds a few descriptors in reserve. Its owner closes them to have room for others, also when guests have used up all that
 * the process may have. One thread at a time.
 */
public final class DescriptorReserve implements AutoCloseable {
    private static final int COUNT = 3; // a pidfd, and a directory, for which the JDK takes two

    private final List<EventFd> held = new ArrayList<>();

    /**
     * Opens the descriptors of a new reserve.
     *
     * @throws ErrnoException EMFILE or ENFILE at a limit. Nothing is open then
     */
    public static DescriptorReserve take() throws ErrnoException {
        DescriptorReserve spare = new DescriptorReserve();
        try {
            spare.fill();
            return spare;
        } catch (ErrnoException e) {
            spare.close();
            throw e;
        }
    }

    private void fill() throws ErrnoException {
        while (held.size() < COUNT) held.add(EventFd.open());
    }

    /** Closes the descriptors, so that there is room for others. */
    void giveUp() {
        held.forEach(EventFd::close);
        held.clear();
    }

    /** Opens the descriptors again. If there is no room for all of them, the next call opens the rest. */
    void takeBack() {
        try {
            fill();
        } catch (ErrnoException e) {
            return; // a guest has taken the room meanwhile
        }
    }

    @Override
    public void close() {
        giveUp();
    }
}
