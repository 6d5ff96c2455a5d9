package arca.monitor.reactor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Tells which call a loop is in, or made last, of those that may need a pipe's lock. The loop's thread writes it down
 * before each such call; a watchdog reads it. That costs a few stores: no system call, no lock, no allocation.
 */
public final class LastCall {
    /** What a loop that makes no such call has. */
    public static final LastCall NONE = new LastCall();

    private static final int NO_DESCRIPTOR = -1;

    private static final VarHandle NUMBER = field("number", long.class);
    private static final VarHandle FIRST = field("first", int.class);
    private static final VarHandle SECOND = field("second", int.class);
    private static final VarHandle CLOSING = field("closing", long.class);

    @SuppressWarnings("unused") // by VarHandle
    private long number;

    @SuppressWarnings("unused") // by VarHandle
    private int first = NO_DESCRIPTOR;

    @SuppressWarnings("unused") // by VarHandle
    private int second = NO_DESCRIPTOR;

    @SuppressWarnings("unused") // by VarHandle
    private long closing;

    private static VarHandle field(String name, Class<?> type) {
        try {
            return MethodHandles.lookup().findVarHandle(LastCall.class, name, type);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("a field of this class", e);
        }
    }

    /** Begins a call on one descriptor. Loop thread only, as all that begins a call. */
    void begin(int descriptor) {
        begin(descriptor, NO_DESCRIPTOR, 0);
    }

    /** Begins a call on two descriptors. */
    void begin(int from, int to) {
        begin(from, to, 0);
    }

    /** Begins to close a pipe's end: its descriptor is no longer ours when close(2) waits for the lock. */
    void beginClose(long inode) {
        begin(NO_DESCRIPTOR, NO_DESCRIPTOR, inode);
    }

    private void begin(int one, int other, long inode) {
        FIRST.setOpaque(this, one);
        SECOND.setOpaque(this, other);
        CLOSING.setOpaque(this, inode);
        NUMBER.setRelease(this, number + 1);
    }

    /** How many calls were begun. Any thread, as all that follows. Two equal answers: no call was begun between them. */
    public long number() {
        return (long) NUMBER.getAcquire(this);
    }

    /** The call's descriptor, or the first of its two; negative if it has none that is still open. */
    public int first() {
        return (int) FIRST.getOpaque(this);
    }

    /** The second of the call's descriptors; negative if it has but one. */
    public int second() {
        return (int) SECOND.getOpaque(this);
    }

    /** The inode of the pipe whose end the call closes; not positive if it closes none. */
    public long closing() {
        return (long) CLOSING.getOpaque(this);
    }
}
