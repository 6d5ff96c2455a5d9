package arca.monitor.relay;

import static arca.bindings.Constants.IPPROTO_TCP;
import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.MSG_PEEK;
import static arca.bindings.Constants.POLLHUP;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.TCP_NODELAY;

import arca.bindings.Errno;
import arca.monitor.reactor.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * How one loop moves bytes: by splice(2), so that they never enter the process, or by read(2) and write(2). It has the
 * memory that needs, made when it is first used, and counts what was done. For the thread that makes it.
 */
public final class Mover implements AutoCloseable {
    /** The two ways. */
    public enum Way {
        /** splice(2) between the descriptors themselves. */
        SPLICE,
        /** read(2) and write(2), through a buffer. */
        COPY
    }

    /** At least a packet of a pipe in packet mode, whose rest a shorter read(2) would lose: pipe(2), O_DIRECT. */
    private static final int BUFFER = 256 * 1024;

    /**
     * Bytes up to which TCP holds nothing of a splice back: {@link #mayHoldBack}. A batch is 16 slots of a pipe. A guest
     * that uses write(2) has at least 28,681 bytes in them, because a write that fits into the last page goes there. A guest
     * that splices, or uses packet mode, may have less.
     */
    private static final long NEVER_HELD_BACK = 4096;

    private static final int[] ASKED = {POLLIN};
    private static final int[] UNASKED = {0}; // HUP and ERR are told all the same

    private final Kernel kernel;
    private final Way way;
    private final int[] polled = new int[1];
    private final int[] told = new int[1];
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment one = arena.allocate(1);
    private final Buffers stashed = new Buffers();
    private MemorySegment buffer;
    private long calls;
    private long bytes;

    /** A mover that has moved nothing yet; the kernel stays the caller's. */
    public Mover(Kernel kernel, Way way) {
        this.kernel = kernel;
        this.way = way;
    }

    /** An empty stash for one flow, whose memory is this mover's. */
    Stash newStash() {
        return new Stash(stashed);
    }

    /** How it moves bytes. */
    Way way() {
        return way;
    }

    /** How many bytes one call should ask for, where {@code left} are left of a turn: a copy may not ask for fewer. */
    long most(long left) {
        return switch (way) {
            case SPLICE -> left;
            case COPY -> BUFFER;
        };
    }

    /**
     * Moves bytes from a pipe to a socket, or the other way.
     *
     * @param count the most: {@link #most}
     * @param stash where bytes are kept that were read and not written; empty at the call
     * @return bytes moved, 0 where the source says that it has ended, or {@code -errno}
     */
    long move(int source, int sink, long count, Stash stash) {
        calls++;
        long n = switch (way) {
            case SPLICE -> kernel.splice(source, sink, count);
            case COPY -> copy(source, sink, count, stash);
        };
        if (n > 0) bytes += n;
        return n;
    }

    private long copy(int source, int sink, long count, Stash stash) {
        MemorySegment memory = buffer();
        long n = kernel.read(source, memory, 0, count);
        if (n <= 0) return n;
        long written = kernel.write(sink, memory, 0, n);
        if (written == n) return n;
        // Whatever the reason: after ENOMEM and ENOBUFS too it goes on, and the bytes have left the source.
        long taken = Math.max(written, 0);
        stash.put(memory, taken, n - taken);
        return written == 0 ? -Errno.EAGAIN : written;
    }

    /** Writes what was read before: bytes, or {@code -errno}. */
    long flush(Stash stash, int sink) {
        long n = stash.flush(kernel, sink);
        if (n > 0) bytes += n;
        return n;
    }

    /** Reads one byte of a socket into an empty stash: 1, 0 at the end, or {@code -errno}. */
    long takeByte(int socket, Stash stash) {
        long n = kernel.recv(socket, one, 1, MSG_DONTWAIT);
        if (n == 1) stash.put(one, 0, 1);
        return n;
    }

    /** Whether a socket has a byte: 1, 0 if it has ended, or {@code -errno}. */
    long peek(int socket) {
        return kernel.recv(socket, one, 1, MSG_PEEK | MSG_DONTWAIT);
    }

    /**
     * Whether a pipe has no byte and has not ended, so that an edge is owed. By poll(2), which takes no lock of the pipe's:
     * FIONREAD would wait for a guest that is just writing.
     */
    boolean isEmpty(int pipe) {
        polled[0] = pipe;
        return kernel.poll(polled, ASKED, told, 1, 0) == 0;
    }

    /**
     * Whether TCP may hold back the end of what a socket has taken, though its sender has TCP_NODELAY. splice(2) to a socket
     * goes on in batches of 16 slots and sends each full batch with MSG_MORE, also the last one where the pipe is empty
     * behind it. TCP then waits with the last segment for an acknowledgement, or for 200 ms (measured on 6.18).
     *
     * @param moved bytes that the last {@link #move} has moved to the socket
     */
    boolean mayHoldBack(long moved) {
        return way == Way.SPLICE && moved > NEVER_HELD_BACK;
    }

    /** Has a socket send what it holds back: setting TCP_NODELAY does that, also where it is set already. */
    void push(int socket) {
        kernel.setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    }

    /**
     * Whether a socket's connection is over, so that an error was the connection's: after a reset or a timeout the kernel
     * says POLLHUP, and so it does where both sides have sent their FIN.
     */
    boolean isOver(int socket) {
        polled[0] = socket;
        return kernel.poll(polled, UNASKED, told, 1, 0) == 1 && (told[0] & POLLHUP) != 0;
    }

    /** Reads a socket and throws away: bytes, 0 at the end, or {@code -errno}. */
    long discard(int socket, long count) {
        return kernel.recv(socket, buffer(), Math.min(count, BUFFER), MSG_DONTWAIT);
    }

    private MemorySegment buffer() {
        if (buffer == null) buffer = arena.allocate(BUFFER);
        return buffer;
    }

    /** How often bytes were asked to be moved, EAGAIN included. */
    public long calls() {
        return calls;
    }

    /** Bytes moved, both directions of all connections together. */
    public long bytes() {
        return bytes;
    }

    /** Frees the memory. */
    @Override
    public void close() {
        stashed.close();
        arena.close();
    }
}
