package arca.monitor.relay;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLPRI;
import static arca.bindings.Constants.EPOLLRDHUP;

import arca.bindings.Errno;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;

/**
 * The direction from the peer to the guest. It differs from the table of {@link Flow} in two points.
 *
 * <ul>
 *   <li>splice(2) does not pass urgent data. It returns EAGAIN there, 0 if the peer's FIN has come, and ECONNRESET if its
 *       reset has. So the flow believes 0 and an error only when a peek finds nothing to read. Once the kernel has reported
 *       urgent data, the flow answers EAGAIN by reading one byte with recv(2). The socket has SO_OOBINLINE, so that the
 *       urgent byte is read in its place.
 *   <li>Once the guest has closed its read end, the flow reads what still comes and discards it. The kernel would reset
 *       the peer if the socket were closed with unread bytes, and the peer might then lose what the guest has sent: RFC
 *       1122, 4.2.2.13.
 * </ul>
 */
final class SocketToPipe extends Flow {
    private static final long PAGE = 4096; // the smallest size that a page has

    private boolean urgent; // an urgent byte may be queued, anywhere
    private long error; // -errno of the connection; 0 while there is none
    private boolean discarding;

    SocketToPipe(Relay relay, Reactor reactor, Mover mover, Descriptor socket, Descriptor pipe) {
        super(relay, reactor, mover, socket, pipe);
    }

    /** Notes that the kernel has reported urgent data. It may be anywhere in what is queued. */
    void urgentDataArrived() {
        urgent = true;
    }

    /** Returns whether the flow discards what it reads, because the guest has closed its read end. */
    boolean isDiscarding() {
        return discarding;
    }

    @Override
    long move(long count) {
        if (discarding) return mover.discard(source.fd(), count);
        long n = mover.move(source.fd(), sink.fd(), count, pending);
        return switch ((int) -n) {
            case Errno.EAGAIN -> urgent && pending.isEmpty() ? moveByte() : n;
            case Errno.ENOMEM, Errno.ENOBUFS, Errno.EPIPE -> n;
            default -> n > 0 ? n : checkEnd(n);
        };
    }

    /**
     * Handles 0 or an error of the connection, behind which bytes may be left: an urgent one and those after it. The kernel
     * reports an error of the connection once, so the flow keeps it until the bytes are read. An error of the call itself
     * ends the flow at once, and no more is read.
     */
    private long checkEnd(long answer) {
        if (answer < 0 && !(pending.isEmpty() && mover.isConnectionOver(source.fd()))) return answer;
        if (answer < 0) error = answer;
        long n = mover.peek(source.fd());
        if (n == 0) return error;
        if (n < 0) return n;
        urgent = true;
        return moveByte();
    }

    /** Moves the next byte, which may be the urgent one. It keeps its place in the stream either way. */
    private long moveByte() {
        long n = mover.readByte(source.fd(), pending);
        if (n == -Errno.EAGAIN) urgent = false; // all that was queued is read, the urgent byte too
        return n == 1 ? mover.flush(pending, sink.fd()) : n;
    }

    /**
     * {@inheritDoc}
     *
     * <p>splice(2) asks the socket for as many bytes as whole pages in the pipe's free slots would hold, although a slot may
     * hold more. So after a count of whole pages the socket may have more bytes and the pipe more room (measured on 6.18).
     * The same holds before urgent data. A signal does not make the count short, because the call never waits.
     */
    @Override
    State stateAfterShortCount(long count) {
        return count % PAGE != 0 && !urgent && !discarding ? State.BLOCKED : State.READY;
    }

    @Override
    State stateAfter(int errno) {
        if (errno != Errno.EPIPE || discarding) return super.stateAfter(errno);
        readerClosed();
        return State.READY;
    }

    /** Begins to discard: the pipe has no reader any more. A copy finds that out only when it has bytes to write. */
    void readerClosed() {
        if (discarding || hasEnded()) return;
        discarding = true;
        pending.clear();
        relay.readerClosed();
    }

    @Override
    void awaitEvent() {
        if (discarding) {
            reactor.expect(source, EPOLLIN | EPOLLRDHUP);
            return;
        }
        int events = reactor.blocked(source, sink);
        if ((events & EPOLLPRI) != 0) urgent = true;
        if (events != 0) turnAgain();
    }
}
