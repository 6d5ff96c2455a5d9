package arca.bindings;

import static arca.bindings.ErrnoException.check;

import arca.bindings.generated.pollfd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Objects;

/**
 * An array of struct pollfd: poll(2). It does not own the descriptors in it, which must stay open while they are there.
 * The threads of the arena may use the array, one at a time.
 */
public final class Poll {
    private static final VarHandle FD = field("fd");
    private static final VarHandle EVENTS = field("events");
    private static final VarHandle REVENTS = field("revents");
    private static final int UNUSED = -1; // poll(2) ignores negative descriptors

    private final MemorySegment memory;
    private final int size;

    /**
     * Creates an array in which no entry watches a descriptor.
     *
     * @param arena allocates the memory; the array is usable while the arena is open
     * @param size the number of entries
     */
    public Poll(Arena arena, int size) {
        this.memory = arena.allocate(pollfd.layout(), size);
        this.size = size;
        for (int i = 0; i < size; i++) clear(i);
    }

    private static VarHandle field(String name) {
        return pollfd.layout().arrayElementVarHandle(PathElement.groupElement(name));
    }

    /**
     * Returns the array's memory, for a direct call of {@link Syscalls#poll}.
     *
     * @return native memory, an array of struct pollfd
     */
    public MemorySegment memory() {
        return memory;
    }

    /**
     * Makes an entry watch a descriptor.
     *
     * @param index the entry, from 0
     * @param fd the descriptor, which must stay open until the entry is set or cleared again
     * @param events {@code POLL*}; 0 still reports POLLERR and POLLHUP
     */
    public void set(int index, int fd, int events) {
        Objects.checkIndex(index, size);
        FD.set(memory, 0L, (long) index, fd);
        EVENTS.set(memory, 0L, (long) index, (short) events);
        REVENTS.set(memory, 0L, (long) index, (short) 0);
    }

    /**
     * Makes an entry watch nothing.
     *
     * @param index the entry, from 0
     */
    public void clear(int index) {
        set(index, UNUSED, 0);
    }

    /**
     * Returns what the last {@link #poll} reported for an entry.
     *
     * @param index the entry, from 0
     * @return {@code POLL*}, or 0 if nothing happened
     */
    public int revents(int index) {
        Objects.checkIndex(index, size);
        return Short.toUnsignedInt((short) REVENTS.get(memory, 0L, (long) index));
    }

    /**
     * Waits until at least one entry has an event: poll(2).
     *
     * @param timeout milliseconds; 0 does not wait, -1 waits without a limit
     * @return the number of entries with events. 0 means that the time is over or that a signal came: compute the
     *     timeout again
     * @throws ErrnoException EINVAL if there are more entries than this process may have descriptors
     */
    public int poll(int timeout) throws ErrnoException {
        int n = Syscalls.poll(memory, timeout);
        return n == -Errno.EINTR ? 0 : check("poll", n);
    }
}
