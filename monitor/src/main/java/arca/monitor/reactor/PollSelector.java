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
 * Waits by poll(2), and makes it report each event once. It asks the kernel only for events that somebody waits for: an
 * event that was reported is not asked for until it is expected again, and for a direction that has blocked only the
 * side that was not ready is asked. A descriptor's poll events have the same numbers as its epoll events.
 *
 * <p>Each event of a descriptor is armed (the kernel is asked for it) or disarmed. ERR and HUP cannot be disarmed, so a
 * descriptor that has reported one is muted as a whole: poll(2) skips it.
 *
 * <pre>
 * state     input                                      next      because
 * any       added or modified                          armed     all its events; those that hold are reported next
 * armed     one of its events is reported              disarmed  that event only; its other events stay armed
 * any       ERR or HUP is reported                     muted     the kernel would report it at every wait
 * disarmed  one of its events is expected              armed     that event only; others are ignored
 * muted     one of its events is expected              armed     ERR and HUP are heard again, too
 * any       blocked, and this side was not ready       armed     the source for reading, or the sink for writing
 * any       blocked, and both sides are ready          the same  the caller tries again
 * any       removed or forgotten                       gone
 * </pre>
 */
final class PollSelector implements Selector {
    private static final int ALWAYS = POLLERR | POLLHUP; // reported without being asked for
    private static final int MUTED = -1; // in place of a descriptor: poll(2) skips it
    private static final int RETRY_MILLIS = 5;

    private final Kernel kernel;

    // One entry for each watched descriptor, without gaps; entryOf finds the entry of a slot.
    private int[] fds = new int[16]; // or MUTED
    private int[] armed = new int[16];
    private int[] revents = new int[16];
    private int[] descriptors = new int[16]; // also those of muted entries
    private int[] allowed = new int[16]; // events that may be expected
    private long[] tokens = new long[16];
    private int[] slotOf = new int[16];
    private int count;
    private int[] entryOf = new int[16];

    // What the last wait has found.
    private long[] foundTokens = new long[16];
    private int[] foundEvents = new int[16];

    // The source and the sink of one direction.
    private final int[] sideFds = new int[2];
    private final int[] sideWanted = new int[2];
    private final int[] sideEvents = new int[2];

    PollSelector(Kernel kernel) {
        this.kernel = kernel;
    }

    @Override
    public int add(int slot, int fd, int mask, long token) {
        if (count == fds.length) grow();
        if (slot >= entryOf.length) entryOf = Arrays.copyOf(entryOf, Math.max(slot + 1, 2 * entryOf.length));
        entryOf[slot] = count;
        slotOf[count] = slot;
        descriptors[count] = fd;
        count++;
        return modify(slot, fd, mask, token);
    }

    @Override
    public int modify(int slot, int fd, int mask, long token) {
        int entry = entryOf[slot];
        tokens[entry] = token;
        allowed[entry] = mask;
        armed[entry] = 0;
        arm(entry, mask);
        return 0;
    }

    @Override
    public void remove(int slot, int fd) {
        forget(slot);
    }

    /** Moves the last entry to the place of the one that goes. */
    @Override
    public void forget(int slot) {
        int entry = entryOf[slot];
        int last = --count;
        fds[entry] = fds[last];
        armed[entry] = armed[last];
        descriptors[entry] = descriptors[last];
        allowed[entry] = allowed[last];
        tokens[entry] = tokens[last];
        slotOf[entry] = slotOf[last];
        entryOf[slotOf[entry]] = entry;
    }

    private void grow() {
        int size = 2 * fds.length;
        fds = Arrays.copyOf(fds, size);
        armed = Arrays.copyOf(armed, size);
        revents = new int[size];
        descriptors = Arrays.copyOf(descriptors, size);
        allowed = Arrays.copyOf(allowed, size);
        tokens = Arrays.copyOf(tokens, size);
        slotOf = Arrays.copyOf(slotOf, size);
    }

    private void arm(int entry, int mask) {
        armed[entry] |= mask & allowed[entry];
        fds[entry] = descriptors[entry];
    }

    @Override
    public void expect(int slot, int mask) {
        arm(entryOf[slot], mask);
    }

    @Override
    public int blocked(int source, int sink) {
        int from = entryOf[source];
        int to = entryOf[sink];
        sideFds[0] = descriptors[from];
        sideFds[1] = descriptors[to];
        sideWanted[0] = (POLLIN | POLLPRI | POLLRDHUP) & allowed[from];
        sideWanted[1] = POLLOUT;
        sideEvents[0] = 0;
        sideEvents[1] = 0;
        kernel.poll(sideFds, sideWanted, sideEvents, 2, 0);
        // PRI alone means that an urgent byte has arrived before the bytes in front of it. Nothing can be read until
        // those bytes arrive, but every wait would report PRI. So PRI is not armed.
        boolean readable = (sideEvents[0] & ~POLLPRI) != 0;
        if (readable && sideEvents[1] != 0) return sideEvents[0];
        if (!readable) arm(from, sideWanted[0] & ~sideEvents[0]);
        if (sideEvents[1] == 0) arm(to, sideWanted[1]);
        return 0;
    }

    @Override
    public boolean reportsAcknowledgement() {
        return false;
    }

    @Override
    public boolean reportsUnchanged() {
        return true;
    }

    @Override
    public int await(int timeoutMillis) {
        int n = kernel.poll(fds, armed, revents, count, timeoutMillis);
        // No event tells when the kernel has memory again: wait a little, without descriptors, then let the loop retry.
        if (n == -Errno.ENOMEM) n = kernel.poll(fds, armed, revents, 0, RETRY_MILLIS);
        if (n <= 0) return n == -Errno.EINTR ? 0 : n;
        if (foundTokens.length < n) growFound();
        int found = 0;
        for (int entry = 0; found < n; entry++) {
            int mask = revents[entry];
            if (mask == 0) continue;
            armed[entry] &= ~mask;
            if ((mask & ALWAYS) != 0) fds[entry] = MUTED;
            foundTokens[found] = tokens[entry];
            foundEvents[found++] = mask;
        }
        return found;
    }

    /** Not a part of {@link #grow}: a handler may watch more descriptors before all events of the wait are handled. */
    private void growFound() {
        foundTokens = new long[fds.length];
        foundEvents = new int[fds.length];
    }

    @Override
    public long token(int event) {
        return foundTokens[event];
    }

    @Override
    public int events(int event) {
        return foundEvents[event];
    }

    @Override
    public void close() {}
}
