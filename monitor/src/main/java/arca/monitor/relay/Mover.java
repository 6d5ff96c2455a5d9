package arca.monitor.relay;

import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.MSG_PEEK;
import static arca.bindings.Constants.POLLHUP;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.TCP_NODELAY;

import arca.monitor.reactor.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Moves bytes between pipes and sockets for all flows of one loop, and counts them. It also owns the memory that this
 * needs, which it allocates when it is first used. For the thread that makes it.
 */
public abstract sealed class Mover implements AutoCloseable permits SpliceMover, CopyMover {
    /** Bytes; no fewer than a pipe's packet has (4,096), because a shorter read(2) loses the rest: pipe(2), O_DIRECT. */
    static final int BUFFER_SIZE = 256 * 1024;

    private static final int DISCARD_SIZE = 64 * 1024;

    private static final int[] POLLIN_ONLY = {POLLIN};
    private static final int[] NO_EVENTS = {0}; // poll(2) reports HUP and ERR in any case

    final Kernel kernel;

    private final int[] polledFd = new int[1];
    private final int[] polledEvents = new int[1];
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment oneByte = arena.allocate(1);
    final BufferPool pool;
    private MemorySegment discarded; // one for all flows, because nobody reads it; null until it is first needed
    private long calls;
    private long bytes;

    Mover(Kernel kernel, MemoryBudget budget) {
        this.kernel = kernel;
        this.pool = new BufferPool(budget);
    }

    /** Makes a mover that uses splice(2), so that the bytes never enter the process. The kernel stays the caller's. */
    public static Mover splicing(Kernel kernel, MemoryBudget budget) {
        return new SpliceMover(kernel, budget);
    }

    /** Makes a mover that uses read(2) and write(2), through a buffer. The kernel stays the caller's. */
    public static Mover copying(Kernel kernel, MemoryBudget budget) {
        return new CopyMover(kernel, budget);
    }

    /** Makes the pending bytes of one flow, none so far. Their memory is this mover's. */
    final PendingBytes newPendingBytes() {
        return new PendingBytes(pool);
    }

    /**
     * Returns how many bytes one call of {@link #move} should ask for.
     *
     * @param left bytes that are left of the flow's turn
     */
    abstract long bytesToAsk(long left);

    /**
     * Moves bytes from a pipe to a socket, or from a socket to a pipe.
     *
     * @param count the most to move: {@link #bytesToAsk}
     * @param pending takes the bytes that were read and could not be written; empty at the call
     * @return bytes moved, 0 where the source reports its end, or {@code -errno}
     */
    final long move(int source, int sink, long count, PendingBytes pending) {
        calls++;
        long n = transfer(source, sink, count, pending);
        if (n > 0) bytes += n;
        return n;
    }

    /** Does the work of {@link #move}. */
    abstract long transfer(int source, int sink, long count, PendingBytes pending);

    /** Writes pending bytes to the sink. Returns how many, or {@code -errno}. */
    final long flush(PendingBytes pending, int sink) {
        long n = pending.flush(kernel, sink);
        if (n > 0) bytes += n;
        return n;
    }

    /** Reads one byte of a socket; it is pending then, and nothing else may be. Returns 1, 0 at the end, or {@code -errno}. */
    final long readByte(int socket, PendingBytes pending) {
        long n = kernel.recv(socket, oneByte, 1, MSG_DONTWAIT);
        if (n == 1) pending.put(oneByte, 0, 1);
        return n;
    }

    /** Asks whether a socket has a byte to read, and leaves it there. Returns 1, 0 at the end, or {@code -errno}. */
    final long peek(int socket) {
        return kernel.recv(socket, oneByte, 1, MSG_PEEK | MSG_DONTWAIT);
    }

    /**
     * Asks whether a pipe has no byte and has not ended, so that an event of it will come. This uses poll(2), which does not
     * take the pipe's lock. FIONREAD takes it, and would wait for a guest that is writing.
     */
    final boolean isPipeEmpty(int pipe) {
        return !isReady(pipe, POLLIN_ONLY);
    }

    /** Asks by poll(2) whether a descriptor has one of some events now. HUP and ERR count always. */
    final boolean isReady(int fd, int[] events) {
        polledFd[0] = fd;
        return kernel.poll(polledFd, events, polledEvents, 1, 0) != 0;
    }

    /**
     * Returns whether TCP may hold back the last bytes that a socket has taken, although TCP_NODELAY is set.
     *
     * @param moved bytes that the last {@link #move} has moved to the socket
     */
    abstract boolean mayHoldBack(long moved);

    /** Makes TCP send what it holds back: setting TCP_NODELAY does that, also where it is set already. */
    final void push(int socket) {
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    }

    /**
     * Asks whether a socket's connection is over. If it is, an error of a call was the connection's and not the call's own.
     * The kernel reports POLLHUP after a reset and after a timeout, and where both sides have sent their FIN.
     */
    final boolean isConnectionOver(int socket) {
        polledFd[0] = socket;
        return kernel.poll(polledFd, NO_EVENTS, polledEvents, 1, 0) == 1 && (polledEvents[0] & POLLHUP) != 0;
    }

    /** Reads bytes of a socket and discards them. Returns how many, 0 at the end, or {@code -errno}. */
    final long discard(int socket, long count) {
        if (discarded == null) discarded = arena.allocate(DISCARD_SIZE);
        return kernel.recv(socket, discarded, Math.min(count, DISCARD_SIZE), MSG_DONTWAIT);
    }

    /** Returns how often {@link #move} was called, also where it moved nothing. */
    public final long calls() {
        return calls;
    }

    /** Returns how many bytes were moved, in both directions of all connections together. */
    public final long bytes() {
        return bytes;
    }

    /** Frees the memory. */
    @Override
    public final void close() {
        pool.close();
        arena.close();
    }
}
