package arca.bindings;

import static arca.bindings.ErrnoException.check;

import arca.bindings.generated.pollfd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Objects;

/**
 * An array of struct pollfd: poll(2). It owns its memory's layout, not the descriptors, which must stay open while
 * they are in it. The threads that may use it are those of its arena, one at a time.
 */
public final class Poll {
    private static final VarHandle FD = field("fd");
    private static final VarHandle EVENTS = field("events");
    private static final VarHandle REVENTS = field("revents");
    private static final int UNUSED = -1; // poll(2) passes over negative descriptors

    private final MemorySegment memory;
    private final int size;

    /**
     * An array in which no entry watches anything.
     *
     * @param arena where its memory is; the array is usable as long as the arena
     * @param size its number of entries
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
     * The array itself, for whoever calls {@link Syscalls#poll} directly.
     *
     * @return native memory, an array of struct pollfd
     */
    public MemorySegment memory() {
        return memory;
    }

    /**
     * Has an entry watch a descriptor.
     *
     * @param index the entry, from 0
     * @param fd the descriptor, a loan until the entry is set or cleared again
     * @param events {@code POLL*}; 0 still reports POLLERR and POLLHUP
     */
    public void set(int index, int fd, int events) {
        Objects.checkIndex(index, size);
        FD.set(memory, 0L, (long) index, fd);
        EVENTS.set(memory, 0L, (long) index, (short) events);
        REVENTS.set(memory, 0L, (long) index, (short) 0);
    }

    /**
     * Has an entry watch nothing.
     *
     * @param index the entry, from 0
     */
    public void clear(int index) {
        set(index, UNUSED, 0);
    }

    /**
     * What the last {@link #poll} reported.
     *
     * @param index the entry, from 0
     * @return {@code POLL*}, 0 for nothing
     */
    public int revents(int index) {
        Objects.checkIndex(index, size);
        return Short.toUnsignedInt((short) REVENTS.get(memory, 0L, (long) index));
    }

    /**
     * Waits until an entry has an event.
     *
     * @param timeout milliseconds; 0 does not wait, -1 waits without end
     * @return how many entries have events; 0 when the time is over, or a signal came: reckon the deadline anew
     * @throws ErrnoException EINVAL where there are more entries than the process may have descriptors
     */
    public int poll(int timeout) throws ErrnoException {
        int n = Syscalls.poll(memory, timeout);
        return n == -Errno.EINTR ? 0 : check("poll", n);
    }
}
