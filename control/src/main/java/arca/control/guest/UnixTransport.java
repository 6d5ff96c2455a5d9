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

/** A Unix-domain stream socket, over which data pipes come as pairs of descriptors, one pair a message. */
final class UnixChannel implements ControlChannel {
    private static final int SIZE =
            4096; // many frames: the tail of one, and whole ones without descriptors, come glued

    private final Fd socket;
    private final ScmRights rights = new ScmRights(Arena.ofAuto(), SIZE, 2); // made by one thread, used by another
    private final Queue<Optional<Ends>> came = new ArrayDeque<>(); // empty for a pair that was lost

    /** Takes ownership of a connected socket. */
    UnixChannel(Fd socket) {
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

    /** One call gives the descriptors of one message at most: unix(7). */
    private void pair() throws IOException {
        int descriptors = rights.waiting();
        if (descriptors == 2 && !rights.truncated()) {
            came.add(Optional.of(new Ends(rights.take(), rights.take())));
        } else if (descriptors < 2 && rights.truncated()) {
            rights.close(); // there was room for two, so the kernel could not install them: recvmsg(2), MSG_CTRUNC
            came.add(Optional.empty());
        } else if (descriptors > 0) {
            throw new IOException("a message with " + (rights.truncated() ? "more than " : "") + descriptors
                    + " descriptors came, and a data pipe has 2");
        }
    }

    @Override
    public long write(MemorySegment bytes) {
        return Syscalls.send(socket.value(), bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    @Override
    public Ends take(int pipeId) throws IOException {
        if (came.isEmpty()) throw new IOException("a connection came without the 2 descriptors of its data pipe");
        Optional<Ends> ends = came.remove();
        if (ends.isEmpty()) throw new ErrnoException("recvmsg", Errno.EMFILE);
        return ends.get();
    }

    @Override
    public int untaken() {
        return came.size();
    }

    @Override
    public void close() {
        socket.close();
        rights.close();
        came.forEach(ends -> ends.ifPresent(Ends::close));
        came.clear();
    }
}
