package arca.bindings;

import static arca.bindings.Constants.EPOLL_CLOEXEC;
import static arca.bindings.Constants.EPOLL_CTL_ADD;
import static arca.bindings.Constants.EPOLL_CTL_DEL;
import static arca.bindings.Constants.EPOLL_CTL_MOD;
import static arca.bindings.ErrnoException.check;

import arca.bindings.generated.epoll_event;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.VarHandle;
import java.util.Objects;

/**
 * An epoll instance, with memory for the events of one wait: epoll(7). It does not own the descriptors that it watches.
 * Call {@link #delete} before you close a watched descriptor: while a duplicate of it is open anywhere, the kernel
 * still reports its events, with the old token. The threads of the arena may use the instance, one at a time.
 */
public final class Epoll implements AutoCloseable {
    // 12 bytes on x86-64, where the struct is packed; 16 on aarch64.
    private static final StructLayout EVENT = (StructLayout)
            (Linkage.AARCH64 ? arca.bindings.generated.aarch64.epoll_event.layout() : epoll_event.layout());

    /** The size of a struct epoll_event in bytes, which is also the stride of an array of them. */
    static final long EVENT_SIZE = EVENT.byteSize();

    private static final VarHandle EVENTS = EVENT.arrayElementVarHandle(PathElement.groupElement("events"));
    private static final VarHandle TOKEN =
            EVENT.arrayElementVarHandle(PathElement.groupElement("data"), PathElement.groupElement("u64"));

    private final Fd fd;
    private final MemorySegment memory;
    private int count;

    /**
     * Creates an epoll instance that watches nothing: epoll_create1(2).
     *
     * @param arena allocates the memory; the instance is usable while the arena is open
     * @param capacity the most events that one wait reports; the next wait reports the others
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public Epoll(Arena arena, int capacity) throws ErrnoException {
        this.memory = events(arena, capacity);
        this.fd = new Fd(check("epoll_create1", Syscalls.epoll_create1(EPOLL_CLOEXEC)));
    }

    /**
     * Allocates memory for a direct call of {@link Syscalls#epoll_wait}.
     *
     * @param arena allocates the memory
     * @param capacity the most events that one wait reports
     * @return an array of struct epoll_event
     */
    public static MemorySegment events(Arena arena, int capacity) {
        return arena.allocate(EVENT, Objects.checkIndex(capacity, Integer.MAX_VALUE));
    }

    /**
     * Returns what happened.
     *
     * @param memory an array of struct epoll_event
     * @param index an element that epoll_wait stored, from 0
     * @return {@code EPOLL*}
     */
    public static int events(MemorySegment memory, int index) {
        return (int) EVENTS.get(memory, 0L, (long) index);
    }

    /**
     * Returns the token of the descriptor to which it happened.
     *
     * @param memory an array of struct epoll_event
     * @param index an element that epoll_wait stored, from 0
     * @return the token with which the descriptor was added or last modified
     */
    public static long token(MemorySegment memory, int index) {
        return (long) TOKEN.get(memory, 0L, (long) index);
    }

    /** Writes one event for epoll_ctl(2) to the start of {@code memory}, and returns {@code memory}. */
    static MemorySegment event(MemorySegment memory, int events, long token) {
        EVENTS.set(memory, 0L, 0L, events);
        TOKEN.set(memory, 0L, 0L, token);
        return memory;
    }

    /**
     * Returns the epoll descriptor, which can itself be polled.
     *
     * @return the descriptor, which this instance owns
     */
    public Fd fd() {
        return fd;
    }

    /**
     * Starts to watch a descriptor: epoll_ctl(2), EPOLL_CTL_ADD.
     *
     * @param watched the descriptor; the caller still owns it
     * @param events {@code EPOLL*}
     * @param token the data of its events. Do not use the descriptor's number: the kernel reuses numbers
     * @throws ErrnoException EEXIST if it is watched already, ENOSPC or ENOMEM at a limit
     */
    public void add(Fd watched, int events, long token) throws ErrnoException {
        control("epoll_ctl EPOLL_CTL_ADD", EPOLL_CTL_ADD, watched, events, token);
    }

    /**
     * Changes the events of a watched descriptor: epoll_ctl(2), EPOLL_CTL_MOD. The next wait reports everything that is
     * true at the time, even if it was reported before.
     *
     * @param watched the descriptor; the caller still owns it
     * @param events {@code EPOLL*}
     * @param token the data of its events
     * @throws ErrnoException ENOENT if it is not watched
     */
    public void modify(Fd watched, int events, long token) throws ErrnoException {
        control("epoll_ctl EPOLL_CTL_MOD", EPOLL_CTL_MOD, watched, events, token);
    }

    /**
     * Stops watching a descriptor: epoll_ctl(2), EPOLL_CTL_DEL. Events of it that the last wait stored are still there.
     *
     * @param watched the descriptor; the caller still owns it
     * @throws ErrnoException ENOENT if it is not watched
     */
    public void delete(Fd watched) throws ErrnoException {
        control("epoll_ctl EPOLL_CTL_DEL", EPOLL_CTL_DEL, watched, 0, 0);
    }

    private void control(String call, int op, Fd watched, int events, long token) throws ErrnoException {
        check(call, Syscalls.epoll_ctl(fd.value(), op, watched.value(), events, token));
    }

    /**
     * Waits for events and stores them, in place of the events of the last wait: epoll_wait(2).
     *
     * @param timeout milliseconds; 0 does not wait, -1 waits without a limit
     * @return the number of events. 0 means that the time is over or that a signal came: compute the timeout again
     * @throws ErrnoException as epoll_wait(2)
     */
    public int await(int timeout) throws ErrnoException {
        count = 0;
        int n = Syscalls.epoll_wait(fd.value(), memory, timeout);
        count = n == -Errno.EINTR ? 0 : check("epoll_wait", n);
        return count;
    }

    /**
     * Returns what happened.
     *
     * @param index an event of the last wait, from 0
     * @return {@code EPOLL*}
     */
    public int events(int index) {
        return events(memory, Objects.checkIndex(index, count));
    }

    /**
     * Returns the token of the descriptor to which it happened.
     *
     * @param index an event of the last wait, from 0
     * @return the token with which the descriptor was added or last modified
     */
    public long token(int index) {
        return token(memory, Objects.checkIndex(index, count));
    }

    /** Closes the epoll descriptor. The descriptors that it watched stay open. */
    @Override
    public void close() {
        fd.close();
    }
}
