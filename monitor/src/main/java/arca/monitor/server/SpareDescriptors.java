package arca.monitor.server;

import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import java.util.ArrayList;
import java.util.List;

/**
 * A few descriptors that are held for nothing but to be given up: who needs some in a process whose table guests have
 * filled has room then. One thread at a time.
 */
public final class SpareDescriptors implements AutoCloseable {
    private static final int COUNT = 3; // a pidfd, and a directory, for which the JDK takes two

    private final List<EventFd> held = new ArrayList<>();

    /**
     * Takes them.
     *
     * @throws ErrnoException EMFILE or ENFILE at a limit; none is taken then
     */
    public static SpareDescriptors take() throws ErrnoException {
        SpareDescriptors spare = new SpareDescriptors();
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

    /** Makes room. */
    void giveUp() {
        held.forEach(EventFd::close);
        held.clear();
    }

    /** Takes the room back, as far as there is some; the rest at the next time. */
    void takeBack() {
        try {
            fill();
        } catch (ErrnoException e) {
            return; // somebody was faster
        }
    }

    @Override
    public void close() {
        giveUp();
    }
}
