package arca.control.guest;

import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.MSG_NOSIGNAL;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.ScmRights;
import arca.bindings.Syscalls;
import arca.control.guest.DataPipes.Ends;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;

/** A Unix-domain stream socket. A data pipe arrives as two descriptors in one message. */
final class UnixTransport implements Transport {
    private static final int SIZE = 4096; // bytes received at a time: one call may return many frames

    private final Fd socket;
    private final ScmRights rights = new ScmRights(Arena.ofAuto(), SIZE, 2); // one thread creates it, another uses it
    private final Queue<Optional<Ends>> received = new ArrayDeque<>(); // an empty value stands for a pair that was lost

    /** Takes ownership of a connected socket. */
    UnixTransport(Fd socket) {
        this.socket = socket;
    }

    @Override
    public int input() {
        return socket.value();
    }

    @Override
    public int output() {
        return socket.value();
    }

    @Override
    public MemorySegment bytes() {
        return rights.bytes();
    }

    @Override
    public long read() throws IOException {
        long n = rights.receive(socket.value(), MSG_DONTWAIT);
        if (n >= 0) pair();
        return n;
    }

    /** Queues the descriptors of the last call. One call returns the descriptors of at most one message: unix(7). */
    private void pair() throws IOException {
        int descriptors = rights.waiting();
        if (descriptors == 2 && !rights.truncated()) {
            received.add(Optional.of(new Ends(rights.take(), rights.take())));
        } else if (descriptors < 2 && rights.truncated()) {
            // There was room for two, so this process has no free descriptors: recvmsg(2), MSG_CTRUNC.
            rights.close();
            received.add(Optional.empty());
        } else if (descriptors > 0) {
            throw new IOException("the monitor sent " + (rights.truncated() ? "more than " : "") + descriptors
                    + " descriptors in one message, and a data pipe has 2");
        }
    }

    @Override
    public long write(MemorySegment bytes) {
        return Syscalls.send(socket.value(), bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    @Override
    public Ends take(int pipeId) throws IOException {
        if (received.isEmpty()) {
            throw new IOException("the monitor sent a connection without the 2 descriptors of its data pipe");
        }
        Optional<Ends> ends = received.remove();
        if (ends.isEmpty()) throw new ErrnoException("recvmsg", Errno.EMFILE);
        return ends.get();
    }

    @Override
    public int untaken() {
        return received.size();
    }

    @Override
    public void close() {
        socket.close();
        rights.close();
        received.forEach(ends -> ends.ifPresent(Ends::close));
        received.clear();
    }
}
