package arca.monitor.reactor;

import static arca.bindings.Constants.POLLERR;
import static arca.bindings.Constants.POLLHUP;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.POLLOUT;
import static arca.bindings.Constants.POLLPRI;
import static arca.bindings.Constants.POLLRDHUP;

import arca.bindings.Errno;
import java.util.Arrays;

/**
 * poll(2), made to tell edges. It is asked only of what somebody waits for: what was told is asked of no more until it
 * is expected again, and of a direction only the side that was not ready. The poll events of a descriptor are numbered as
 * its epoll events are.
 *
 * <pre>
 * entry     event                    next       because
 * ASKED     one of its events        SILENT     told once; ERR and HUP are still heard
 * any       ERR or HUP               DEAF       these come unasked, and would come at every wait
 * any       expected, or changed     ASKED
 * </pre>
 */
final class PollReadiness implements Readiness {
    private static final int ALWAYS = POLLERR | POLLHUP;
    private static final int DEAF = -1; // as a descriptor: poll(2) passes over it
    private static final int RETRY_MILLIS = 5;

    private final Kernel kernel;
    // One entry for each watched descriptor, without gaps; where a slot's entry is tells entryOf.
    private int[] fds = new int[16];
    private int[] asked = new int[16];
    private int[] happened = new int[16];
    private int[] real = new int[16]; // the descriptor of an entry that is deaf
    private int[] most = new int[16]; // events that may be expected
    private long[] tokens = new long[16];
    private int[] slotOf = new int[16];
    private int count;
    private int[] entryOf = new int[16];

    // What the last wait found.
    private long[] toldTokens = new long[16];
    private int[] toldEvents = new int[16];

    // One direction's two sides.
    private final int[] sides = new int[2];
    private final int[] sideAsked = new int[2];
    private final int[] sideEvents = new int[2];

    PollReadiness(Kernel kernel) {
        this.kernel = kernel;
    }

    @Override
    public int add(int slot, int fd, int mask, long token) {
        if (count == fds.length) grow();
        if (slot >= entryOf.length) entryOf = Arrays.copyOf(entryOf, Math.max(slot + 1, 2 * entryOf.length));
        entryOf[slot] = count;
        slotOf[count] = slot;
        real[count] = fd;
        count++;
        return modify(slot, fd, mask, token);
    }

    @Override
    public int modify(int slot, int fd, int mask, long token) {
        int entry = entryOf[slot];
        tokens[entry] = token;
        most[entry] = mask;
        asked[entry] = 0;
        ask(entry, mask);
        return 0;
    }

    @Override
    public void remove(int slot, int fd) {
        forget(slot);
    }

    @Override
    public void forget(int slot) {
        int entry = entryOf[slot];
        int last = --count;
        fds[entry] = fds[last];
        asked[entry] = asked[last];
        real[entry] = real[last];
        most[entry] = most[last];
        tokens[entry] = tokens[last];
        slotOf[entry] = slotOf[last];
        entryOf[slotOf[entry]] = entry;
    }

    private void grow() {
        int size = 2 * fds.length;
        fds = Arrays.copyOf(fds, size);
        asked = Arrays.copyOf(asked, size);
        happened = new int[size];
        real = Arrays.copyOf(real, size);
        most = Arrays.copyOf(most, size);
        tokens = Arrays.copyOf(tokens, size);
        slotOf = Arrays.copyOf(slotOf, size);
    }

    private void ask(int entry, int mask) {
        asked[entry] |= mask & most[entry];
        fds[entry] = real[entry];
    }

    @Override
    public void expect(int slot, int mask) {
        ask(entryOf[slot], mask);
    }

    @Override
    public int blocked(int source, int sink) {
        int from = entryOf[source];
        int to = entryOf[sink];
        sides[0] = real[from];
        sides[1] = real[to];
        sideAsked[0] = (POLLIN | POLLPRI | POLLRDHUP) & most[from];
        sideAsked[1] = POLLOUT;
        sideEvents[0] = 0;
        sideEvents[1] = 0;
        kernel.poll(sides, sideAsked, sideEvents, 2, 0);
        // PRI alone: an urgent byte that came before those in front of it. Until they come it is there at every wait,
        // and
        // nothing can be read.
        boolean readable = (sideEvents[0] & ~POLLPRI) != 0;
        if (readable && sideEvents[1] != 0) return sideEvents[0];
        if (!readable) ask(from, sideAsked[0] & ~sideEvents[0]);
        if (sideEvents[1] == 0) ask(to, sideAsked[1]);
        return 0;
    }

    @Override
    public boolean tellsOfAcknowledgement() {
        return false;
    }

    @Override
    public int await(int timeoutMillis) {
        int n = kernel.poll(fds, asked, happened, count, timeoutMillis);
        if (n == -Errno.ENOMEM) n = kernel.poll(fds, asked, happened, 0, RETRY_MILLIS); // no edge tells of memory
        if (n <= 0) return n == -Errno.EINTR ? 0 : n;
        if (toldTokens.length < n) makeRoomToTell();
        int told = 0;
        for (int entry = 0; told < n; entry++) {
            int mask = happened[entry];
            if (mask == 0) continue;
            asked[entry] &= ~mask;
            if ((mask & ALWAYS) != 0) fds[entry] = DEAF;
            toldTokens[told] = tokens[entry];
            toldEvents[told++] = mask;
        }
        return told;
    }

    /** Not done by {@link #grow}: a handler may watch more while the last wait's events are still being told. */
    private void makeRoomToTell() {
        toldTokens = new long[fds.length];
        toldEvents = new int[fds.length];
    }

    @Override
    public long token(int event) {
        return toldTokens[event];
    }

    @Override
    public int events(int event) {
        return toldEvents[event];
    }

    @Override
    public void close() {}
}
