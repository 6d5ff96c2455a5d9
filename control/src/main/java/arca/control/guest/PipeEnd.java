package arca.control.guest;

import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.POLLOUT;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.Poll;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One end of a data pipe, shared by threads: one call at a time moves bytes, others wait their turn, and
 * {@link #close} wakes them all. It counts the calls in flight, and the last one to leave a closed end closes the
 * descriptor, so that none of them can meet a number given anew.
 */
final class PipeEnd {
    /** Which way bytes go. */
    enum Direction {
        READ(POLLIN),
        WRITE(POLLOUT);

        private final int event;

        Direction(int event) {
            this.event = event;
        }
    }

    private static final int COPY = 64 * 1024; // bytes that a heap buffer moves at a time
    private static final int PIPE = 0;
    private static final int WAKE = 1;

    private final Direction direction;
    private final Fd fd;
    private final ReentrantLock turn = new ReentrantLock();

    // Under the turn. Automatic: any thread may be the last to use it.
    private final Arena arena = Arena.ofAuto();
    private MemorySegment copy;
    private Poll poll;

    // Under this object's monitor.
    private EventFd wake; // made by the first call that has to wait
    private int inside;
    private boolean closed;

    /** Takes ownership of a descriptor, and makes it non-blocking: a call that waits must hear of a close. */
    PipeEnd(Direction direction, Fd fd) throws ErrnoException {
        fd.nonBlocking(true);
        this.direction = direction;
        this.fd = fd;
    }

    synchronized boolean isOpen() {
        return !closed;
    }

    /**
     * Reads into a buffer once, or writes all of one; waits where it must.
     *
     * @return bytes moved, at least 1 if the buffer has room or bytes; or 0, of an end to read from, where the pipe has
     *     ended or this end is closed, then or meanwhile
     * @throws ClosedChannelException if this end is one to write to and is closed, then or meanwhile
     * @throws SocketTimeoutException if {@code timeout}, unless zero, is over
     * @throws ErrnoException EPIPE where nobody will read what is written
     */
    int transfer(ByteBuffer buffer, Duration timeout) throws IOException {
        if (!enter()) return closedAnswer();
        try {
            turn.lock();
            try {
                int moved = 0;
                do {
                    moved += transferOnce(buffer, timeout);
                } while (direction == Direction.WRITE && buffer.hasRemaining());
                return moved;
            } finally {
                turn.unlock();
            }
        } finally {
            leave();
        }
    }

    private int transferOnce(ByteBuffer buffer, Duration timeout) throws IOException {
        MemorySegment bytes = bytes(buffer);
        long deadline = timeout.isZero() ? 0 : System.nanoTime() + TimeUnit.NANOSECONDS.convert(timeout);
        while (isOpen()) {
            long n = direction == Direction.READ ? Syscalls.read(fd.value(), bytes) : Syscalls.write(fd.value(), bytes);
            if (n == -Errno.EAGAIN) {
                await(timeout, deadline);
                continue;
            }
            ErrnoException.check(direction == Direction.READ ? "read" : "write", n);
            return moved(buffer, bytes, (int) n);
        }
        return closedAnswer();
    }

    private int closedAnswer() throws ClosedChannelException {
        if (direction == Direction.WRITE) throw new ClosedChannelException();
        return 0;
    }

    /** The buffer's own memory where it is native, else a copy's: what is to be written is in it already. */
    private MemorySegment bytes(ByteBuffer buffer) {
        if (buffer.isDirect()) return MemorySegment.ofBuffer(buffer);
        if (copy == null) copy = arena.allocate(COPY);
        MemorySegment part = copy.asSlice(0, Math.min(COPY, buffer.remaining()));
        if (direction == Direction.WRITE) {
            part.copyFrom(MemorySegment.ofBuffer(buffer).asSlice(0, part.byteSize()));
        }
        return part;
    }

    private int moved(ByteBuffer buffer, MemorySegment bytes, int n) {
        if (direction == Direction.READ && !buffer.isDirect()) {
            MemorySegment.ofBuffer(buffer).copyFrom(bytes.asSlice(0, n));
        }
        buffer.position(buffer.position() + n);
        return n;
    }

    /** Waits for the pipe, a close, or the deadline. */
    private void await(Duration timeout, long deadline) throws IOException {
        if (!makeWake()) return;
        if (poll == null) poll = new Poll(arena, 2);
        poll.set(PIPE, fd.value(), direction.event);
        poll.set(WAKE, wake.fd().value(), POLLIN); // set once, and closed by the last to leave
        int ready;
        do {
            ready = poll.poll(deadline == 0 ? -1 : millisecondsUntil(deadline, timeout));
        } while (ready == 0);
    }

    private static int millisecondsUntil(long deadline, Duration timeout) throws SocketTimeoutException {
        long left = deadline - System.nanoTime();
        if (left <= 0) throw new SocketTimeoutException("no progress within " + timeout);
        // Rounded up: a timeout of 0 would not wait, and the loop would spin through the last millisecond.
        return (int) Math.min(Integer.MAX_VALUE, TimeUnit.NANOSECONDS.toMillis(left) + 1);
    }

    /** Sees to it that a close from now on wakes this call; false if it has come already. */
    private synchronized boolean makeWake() throws ErrnoException {
        if (!closed && wake == null) wake = EventFd.open();
        return !closed;
    }

    private synchronized boolean enter() {
        if (!closed) inside++;
        return !closed;
    }

    private synchronized void leave() {
        inside--;
        if (closed && inside == 0) closeDescriptors();
    }

    /** Closes this end, once, and wakes whoever waits in it. Never waits. */
    synchronized void close() {
        if (closed) return;
        closed = true;
        if (inside == 0) closeDescriptors();
        else if (wake != null) wake.signal();
    }

    /**
     * Gives the descriptor to the caller, in blocking mode as it came; this end is closed then.
     *
     * @throws ClosedChannelException if this end is closed
     * @throws IllegalStateException if a call is in it
     */
    synchronized Fd release() throws IOException {
        if (closed) throw new ClosedChannelException();
        if (inside > 0) throw new IllegalStateException("another thread reads or writes");
        fd.nonBlocking(false);
        closed = true;
        if (wake != null) wake.close();
        return new Fd(fd.release());
    }

    private void closeDescriptors() {
        fd.close();
        if (wake != null) wake.close();
    }
}
