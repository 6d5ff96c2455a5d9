package arca.monitor.sim;

import static arca.bindings.Constants.EPOLLIN;

import arca.bindings.Errno;
import java.util.Arrays;

/** How splice(2), read(2) and write(2) move bytes between the files of the kernel. A call that would sleep is a violation. */
final class SimBytes {
    private static final int BATCH = 16; // slots that splice(2) sends to a socket at once
    private static final int PIECE = 1 << 15; // the most that one slot holds

    private final Faults faults;

    SimBytes(Faults faults) {
        this.faults = faults;
    }

    /** Returns {@code n}. Throws a violation if the call would have slept: no call of a loop may. */
    static long awake(String call, SimFile file, long n) {
        if (n == -Errno.EAGAIN && !file.nonBlocking)
            throw Violation.of("%s would block: the descriptor is in blocking mode", call);
        return n;
    }

    /** Moves bytes between a pipe and a socket, either way: splice(2). Returns the number, or {@code -errno}. */
    long splice(SimFile source, SimFile sink, long count) {
        if (source instanceof SimTcp from && sink instanceof SimPipe.End to) return splice(from, to, count);
        if (source instanceof SimPipe.End from && sink instanceof SimTcp to) return splice(from, to, count);
        throw Violation.of("splice from %s to %s", source, sink);
    }

    private long splice(SimTcp from, SimPipe.End end, long count) {
        SimPipe to = end.pipe();
        if (!to.reader.isOpen()) return -Errno.EPIPE;
        if (to.isFull()) return -Errno.EAGAIN;
        int fault = faults.draw(Errno.ENOMEM);
        if (fault != 0) return fault;
        // Never short for another reason: fs/splice.c and net/ipv4/tcp.c wait for nothing here.
        int most = (int) Math.min(count, (long) to.freeSlots() * SimPipe.PAGE);
        int n = 0;
        while (n < most && !to.isFull()) {
            byte[] piece = from.splicePiece(Math.min(PIECE, most - n));
            if (piece == null) break;
            to.add(piece);
            n += piece.length;
        }
        if (n == 0) return awake("splice", from, from.nothing());
        to.reader.wake(EPOLLIN);
        return n;
    }

    private long splice(SimPipe.End end, SimTcp to, long count) {
        SimPipe from = end.pipe();
        if (from.bytes() == 0) return from.writer.isOpen() ? -Errno.EAGAIN : 0;
        int n = mayNotSend(to);
        if (n != 0) return awake("splice", to, n);
        n = faults.shorten((int) Math.min(Math.min(count, from.bytes()), to.room()));
        // Whether more is in the pipe is asked before the slots of a batch are let go: a full one always finds some.
        boolean more = n < count && from.slots(n) % BATCH == 0;
        to.send(from.spliceOut(n), more);
        return n;
    }

    private int mayNotSend(SimTcp to) {
        int fault = faults.draw(Errno.ENOMEM, Errno.ENOBUFS);
        return fault != 0 ? fault : to.mayNotSend();
    }

    /** What read(2) returns: bytes; or none, and why: 0 or {@code -errno}. */
    record Read(byte[] bytes, long result) {
        private static Read of(SimFile file, byte[] bytes, int ifNone) {
            return bytes == null || bytes.length == 0
                    ? new Read(new byte[0], awake("read", file, ifNone))
                    : new Read(bytes, bytes.length);
        }
    }

    /** Reads at most {@code most} bytes: read(2). */
    Read read(SimFile file, int most) {
        return switch (file) {
            case SimPipe.End end -> {
                byte[] bytes = end.pipe().read(most);
                yield Read.of(end, bytes, end.pipe().writer.isOpen() ? -Errno.EAGAIN : 0);
            }
            case SimTcp socket -> {
                byte[] bytes = socket.receive(most);
                yield Read.of(socket, bytes, bytes == null ? socket.nothing() : 0);
            }
            case SimUnix channel -> {
                byte[] bytes = channel.read(faults.shorten(most));
                yield Read.of(channel, bytes, bytes == null ? channel.end() : 0);
            }
            default -> throw Violation.of("read of %s", file);
        };
    }

    /** Writes bytes to a pipe or a socket: write(2). Returns how many, or {@code -errno}. */
    long write(SimFile file, byte[] bytes) {
        long n;
        switch (file) {
            case SimPipe.End end -> {
                n = end.pipe().reader.isOpen() && !end.pipe().isFull() ? faults.draw(Errno.ENOMEM) : 0;
                if (n == 0) n = end.pipe().write(bytes, faults.shorten(bytes.length));
            }
            case SimTcp socket -> {
                n = mayNotSend(socket);
                if (n == 0) {
                    n = faults.shorten(Math.min(bytes.length, socket.room()));
                    socket.send(Arrays.copyOf(bytes, (int) n));
                }
            }
            default -> throw Violation.of("write of %s", file);
        }
        return awake("write", file, n);
    }
}
