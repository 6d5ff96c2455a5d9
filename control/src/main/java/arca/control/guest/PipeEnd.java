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
 * One end of a data pipe, for any number of threads. One call at a time moves bytes, and the others wait for their turn.
 * {@link #close} wakes all of them. The kernel reuses the number of a closed descriptor at once, so the descriptor is closed
 * only when no call uses it: the end counts its calls, and the last call to leave a closed end closes the descriptor.
 */
final class PipeEnd {
    /** The direction in which bytes move. */
    enum Direction {
        READ(POLLIN),
        WRITE(POLLOUT);

        private final int event;

        Direction(int event) {
            this.event = event;
        }
    }

    private static final int COPY = 64 * 1024; // bytes copied at a time for a heap buffer
    private static final int PIPE = 0;
    private static final int WAKE = 1;

    private final Direction direction;
    private final Fd fd;
    private final ReentrantLock turn = new ReentrantLock();

    // Guarded by turn. The arena is automatic, because any thread may be the last to use it.
    private final Arena arena = Arena.ofAuto();
    private MemorySegment copy;
    private Poll poll;

    // Guarded by this object's monitor.
    private EventFd wake; // created by the first call that has to wait
    private int inside; // how many calls are in progress
    private boolean closed;

    /** Takes ownership of a descriptor and makes it non-blocking: a waiting call polls, so that a close can wake it. */
    PipeEnd(Direction direction, Fd fd) throws ErrnoException {
        fd.nonBlocking(true);
        this.direction = direction;
        this.fd = fd;
    }

    synchronized boolean isOpen() {
        return !closed;
    }

    /**
     * Reads once into a buffer, or writes all of a buffer. Waits for bytes, or for room.
     *
     * @param buffer must have room to read into, or bytes to write
     * @param timeout how long to wait; zero means without limit
     * @return the number of bytes moved, at least 1; from an end to read, 0 if the pipe has ended, or if this end is closed
     *     before the call or during it
     * @throws ClosedChannelException if an end to write is closed before the call or during it
     * @throws SocketTimeoutException if the timeout is over
     * @throws ErrnoException EPIPE if nobody will read what is written
     */
    int transfer(ByteBuffer buffer, Duration timeout) throws IOException {
        if (!enter()) return resultOfClosed();
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
        return resultOfClosed();
    }

    private int resultOfClosed() throws ClosedChannelException {
        if (direction == Direction.WRITE) throw new ClosedChannelException();
        return 0;
    }

    /** Returns memory for the call: that of a direct buffer, or else the copy, which already holds what is to be written. */
    private MemorySegment bytes(ByteBuffer buffer) {
        if (buffer.isDirect()) return MemorySegment.ofBuffer(buffer);
        if (copy == null) copy = arena.allocate(COPY);
        MemorySegment part = copy.asSlice(0, Math.min(COPY, buffer.remaining()));
        if (direction == Direction.WRITE) {
            part.copyFrom(MemorySegment.ofBuffer(buffer).asSlice(0, part.byteSize()));
        }
        return part;
    }

    /** Advances the buffer by {@code n} bytes. For a heap buffer that is read into, copies them first. */
    private int moved(ByteBuffer buffer, MemorySegment bytes, int n) {
        if (direction == Direction.READ && !buffer.isDirect()) {
            MemorySegment.ofBuffer(buffer).copyFrom(bytes.asSlice(0, n));
        }
        buffer.position(buffer.position() + n);
        return n;
    }

    /** Waits until the pipe is ready or this end is closed. Throws if the deadline comes first. */
    private void await(Duration timeout, long deadline) throws IOException {
        if (!prepareWake()) return;
        if (poll == null) poll = new Poll(arena, 2);
        poll.set(PIPE, fd.value(), direction.event);
        poll.set(WAKE, wake.fd().value(), POLLIN); // never changes, and stays open until the last call leaves
        int ready;
        do {
            ready = poll.poll(deadline == 0 ? -1 : millisecondsUntil(deadline, timeout));
        } while (ready == 0);
    }

    private static int millisecondsUntil(long deadline, Duration timeout) throws SocketTimeoutException {
        long left = deadline - System.nanoTime();
        if (left <= 0) throw new SocketTimeoutException("no progress within " + timeout);
        // Rounded up. With a timeout of 0, poll would not wait, and the loop would spin during the last millisecond.
        return (int) Math.min(Integer.MAX_VALUE, TimeUnit.NANOSECONDS.toMillis(left) + 1);
    }

    /** Makes sure that a close from now on wakes this call. Returns false if this end is already closed. */
    private synchronized boolean prepareWake() throws ErrnoException {
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

    /** Closes this end and wakes the calls that wait. Never waits. Does nothing to a closed end. */
    synchronized void close() {
        if (closed) return;
        closed = true;
        if (inside == 0) closeDescriptors();
        else if (wake != null) wake.signal();
    }

    /**
     * Gives the descriptor to the caller, in blocking mode, and closes this end.
     *
     * @throws ClosedChannelException if this end is closed
     * @throws IllegalStateException if a call is in progress
     */
    synchronized Fd release() throws IOException {
        if (closed) throw new ClosedChannelException();
        if (inside > 0) throw new IllegalStateException("another thread is reading or writing");
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
