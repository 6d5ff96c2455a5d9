package arca.monitor.relay;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLPRI;
import static arca.bindings.Constants.EPOLLRDHUP;

import arca.bindings.Errno;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;

/**
 * What the peer sends, to the guest. Two things are not as {@link Flow} has them:
 *
 * <ul>
 *   <li>splice(2) stops at urgent data: with EAGAIN, after the peer's FIN with 0, and after its reset with that. So these
 *       are the end only if a peek says so too; and once the kernel has told of urgent data, EAGAIN is answered by reading
 *       one byte in the ordinary way. The socket has SO_OOBINLINE, so the byte is in its place.
 *   <li>Once the guest has closed its end, what still comes is read and thrown away, for a socket closed with unread
 *       bytes resets its peer, which may then lose what the guest has sent: RFC 1122, 4.2.2.13.
 * </ul>
 */
final class SocketToPipe extends Flow {
    private static final long PAGE = 4096; // the smallest there is

    private boolean urgent;
    private long error; // of the socket, -errno; 0 while it has none
    private boolean discards;

    SocketToPipe(Relay relay, Reactor reactor, Mover mover, Descriptor socket, Descriptor pipe) {
        super(relay, reactor, mover, socket, pipe);
    }

    /** The kernel has told of urgent data, which may be anywhere in what is queued. */
    void urgent() {
        urgent = true;
    }

    /** Whether the guest reads no more. */
    boolean discards() {
        return discards;
    }

    @Override
    long move(long count) {
        if (discards) return mover.discard(source.fd(), count);
        long n = mover.move(source.fd(), sink.fd(), count, stash);
        return switch ((int) -n) {
            case Errno.EAGAIN -> urgent && stash.isEmpty() ? takeByte() : n;
            case Errno.ENOMEM, Errno.ENOBUFS, Errno.EPIPE -> n;
            default -> n > 0 ? n : atEnd(n);
        };
    }

    /**
     * Bytes may be left behind an urgent one. The kernel tells of an error of the connection once, so that is kept until they
     * are read. Another error is the call's own, and no bytes are read past it.
     */
    private long atEnd(long answer) {
        if (answer < 0 && !(stash.isEmpty() && mover.isOver(source.fd()))) return answer;
        if (answer < 0) error = answer;
        long n = mover.peek(source.fd());
        if (n == 0) return error;
        if (n < 0) return n;
        urgent = true;
        return takeByte();
    }

    /** A byte past which splice does not get, or merely the next one: in its order either way. */
    private long takeByte() {
        long n = mover.takeByte(source.fd(), stash);
        if (n == -Errno.EAGAIN) urgent = false; // all that was queued is read, the urgent byte too
        return n == 1 ? mover.flush(stash, sink.fd()) : n;
    }

    /**
     * splice(2) asks the socket for no more than the pipe's free slots would hold as whole pages, though a slot may hold
     * more: after a count of whole pages both ends may be fit to go on (measured on 6.18). Nor does it pass urgent data.
     * A signal does not end it early, for it never waits.
     */
    @Override
    State afterShort(long count) {
        return count % PAGE != 0 && !urgent && !discards ? State.IDLE : State.READY;
    }

    @Override
    State after(int errno) {
        if (errno != Errno.EPIPE || discards) return super.after(errno);
        readerClosed();
        return State.READY;
    }

    /** The pipe has no reader any more. A copy finds that out only when it has something to write. */
    void readerClosed() {
        if (discards || hasEnded()) return;
        discards = true;
        stash.clear();
        relay.guestReadsNoMore();
    }

    @Override
    void idle() {
        if (discards) {
            reactor.expect(source, EPOLLIN | EPOLLRDHUP);
            return;
        }
        int events = reactor.blocked(source, sink);
        if ((events & EPOLLPRI) != 0) urgent = true;
        if (events != 0) runAgain();
    }
}
