package arca.monitor.reactor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Tells which call a loop has made last, of those that may have to wait for a pipe's lock; the loop may still be in it.
 * The loop's thread records each such call before it makes it, and a watchdog reads the record. A record costs a few
 * stores: no system call, no lock, no allocation.
 */
public final class LastCall {
    /** The record of a loop that makes no such call. */
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

    private final Thread thread = Thread.currentThread();

    private static VarHandle field(String name, Class<?> type) {
        try {
            return MethodHandles.lookup().findVarHandle(LastCall.class, name, type);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("a field of this class", e);
        }
    }

    /** Records that a call on one descriptor begins. Loop thread only. */
    void begin(int descriptor) {
        begin(descriptor, NO_DESCRIPTOR, 0);
    }

    /** Records that a call on two descriptors begins. Loop thread only. */
    void begin(int from, int to) {
        begin(from, to, 0);
    }

    /**
     * Records that the close of a pipe's end begins. When close(2) waits for the lock, it has already given up the
     * descriptor, so the record has the pipe's inode. Loop thread only.
     */
    void beginClose(long inode) {
        begin(NO_DESCRIPTOR, NO_DESCRIPTOR, inode);
    }

    private void begin(int one, int other, long inode) {
        assert Thread.currentThread() == thread : "called by " + Thread.currentThread() + ", not by " + thread;
        FIRST.setOpaque(this, one);
        SECOND.setOpaque(this, other);
        CLOSING.setOpaque(this, inode);
        NUMBER.setRelease(this, number + 1);
    }

    /** Returns how many calls have begun. If two answers are equal, no call has begun between them. Any thread. */
    public long number() {
        return (long) NUMBER.getAcquire(this);
    }

    /** Returns the call's descriptor, or the first of two; negative if the call closes a pipe's end. Any thread. */
    public int first() {
        return (int) FIRST.getOpaque(this);
    }

    /** Returns the second of the call's two descriptors; negative if there is no second one. Any thread. */
    public int second() {
        return (int) SECOND.getOpaque(this);
    }

    /** Returns the inode of the pipe whose end the call closes; 0 or negative if it closes none. Any thread. */
    public long closing() {
        return (long) CLOSING.getOpaque(this);
    }
}
