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
 * An epoll instance and room for the events of one wait: epoll(7). It does not own what it watches. Delete a
 * descriptor before it is closed: if a duplicate of it lives anywhere, its events go on under a number that means
 * something else by then. The threads that may use it are those of its arena, one at a time.
 */
public final class Epoll implements AutoCloseable {
    // 12 bytes, packed, on x86-64; 16 on aarch64.
    private static final StructLayout EVENT = (StructLayout)
            (Linkage.AARCH64 ? arca.bindings.generated.aarch64.epoll_event.layout() : epoll_event.layout());

    /** Size of a struct epoll_event in bytes: the stride of an array of them. */
    static final long EVENT_SIZE = EVENT.byteSize();

    private static final VarHandle EVENTS = EVENT.arrayElementVarHandle(PathElement.groupElement("events"));
    private static final VarHandle TOKEN =
            EVENT.arrayElementVarHandle(PathElement.groupElement("data"), PathElement.groupElement("u64"));

    private final Fd fd;
    private final MemorySegment memory;
    private int count;

    /**
     * Makes an epoll instance that watches nothing.
     *
     * @param arena where its memory is; the instance is usable as long as the arena
     * @param capacity the most events that one wait reports; the others wait for the next
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    public Epoll(Arena arena, int capacity) throws ErrnoException {
        this.memory = events(arena, capacity);
        this.fd = new Fd(check("epoll_create1", Syscalls.epoll_create1(EPOLL_CLOEXEC)));
    }

    /**
     * Memory for {@link Syscalls#epoll_wait}, for whoever calls it directly.
     *
     * @param arena where it is
     * @param capacity the most events that one wait reports
     * @return an array of struct epoll_event
     */
    public static MemorySegment events(Arena arena, int capacity) {
        return arena.allocate(EVENT, Objects.checkIndex(capacity, Integer.MAX_VALUE));
    }

    /**
     * What happened.
     *
     * @param memory an array of struct epoll_event
     * @param index an element that epoll_wait stored, from 0
     * @return {@code EPOLL*}
     */
    public static int events(MemorySegment memory, int index) {
        return (int) EVENTS.get(memory, 0L, (long) index);
    }

    /**
     * To which descriptor it happened.
     *
     * @param memory an array of struct epoll_event
     * @param index an element that epoll_wait stored, from 0
     * @return the token the descriptor was added with
     */
    public static long token(MemorySegment memory, int index) {
        return (long) TOKEN.get(memory, 0L, (long) index);
    }

    /** Writes one event for epoll_ctl, and returns its memory. */
    static MemorySegment event(MemorySegment memory, int events, long token) {
        EVENTS.set(memory, 0L, 0L, events);
        TOKEN.set(memory, 0L, 0L, token);
        return memory;
    }

    /**
     * The epoll descriptor, which can itself be polled.
     *
     * @return an owner that closes with this instance
     */
    public Fd fd() {
        return fd;
    }

    /**
     * Starts to watch a descriptor.
     *
     * @param watched the descriptor; stays the caller's
     * @param events {@code EPOLL*}
     * @param token what its events carry; not a descriptor's number, for the kernel gives those again
     * @throws ErrnoException EEXIST if it is watched already, ENOSPC or ENOMEM at a limit
     */
    public void add(Fd watched, int events, long token) throws ErrnoException {
        control("epoll_ctl EPOLL_CTL_ADD", EPOLL_CTL_ADD, watched, events, token);
    }

    /**
     * Changes what is watched of a descriptor, and has what holds now reported again.
     *
     * @param watched the descriptor; stays the caller's
     * @param events {@code EPOLL*}
     * @param token what its events carry
     * @throws ErrnoException ENOENT if it is not watched
     */
    public void modify(Fd watched, int events, long token) throws ErrnoException {
        control("epoll_ctl EPOLL_CTL_MOD", EPOLL_CTL_MOD, watched, events, token);
    }

    /**
     * Stops watching a descriptor. Events of it that were stored already stay stored.
     *
     * @param watched the descriptor; stays the caller's
     * @throws ErrnoException ENOENT if it is not watched
     */
    public void delete(Fd watched) throws ErrnoException {
        control("epoll_ctl EPOLL_CTL_DEL", EPOLL_CTL_DEL, watched, 0, 0);
    }

    private void control(String call, int op, Fd watched, int events, long token) throws ErrnoException {
        check(call, Syscalls.epoll_ctl(fd.value(), op, watched.value(), events, token));
    }

    /**
     * Waits for events and stores them in place of the last ones, as epoll_wait(2).
     *
     * @param timeout milliseconds; 0 does not wait, -1 waits without end
     * @return how many; 0 when the time is over, or a signal came: reckon the deadline anew
     * @throws ErrnoException as epoll_wait(2)
     */
    public int await(int timeout) throws ErrnoException {
        count = 0;
        int n = Syscalls.epoll_wait(fd.value(), memory, timeout);
        count = n == -Errno.EINTR ? 0 : check("epoll_wait", n);
        return count;
    }

    /**
     * What happened.
     *
     * @param index an event of the last wait, from 0
     * @return {@code EPOLL*}
     */
    public int events(int index) {
        return events(memory, Objects.checkIndex(index, count));
    }

    /**
     * To which descriptor it happened.
     *
     * @param index an event of the last wait, from 0
     * @return the token it was added with
     */
    public long token(int index) {
        return token(memory, Objects.checkIndex(index, count));
    }

    /** Closes the epoll descriptor; what it watched stays open. */
    @Override
    public void close() {
        fd.close();
    }
}
