package arca.monitor.relay;

import static arca.bindings.Constants.EPOLLERR;
import static arca.bindings.Constants.EPOLLHUP;
import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;
import static arca.bindings.Constants.EPOLLPRI;
import static arca.bindings.Constants.EPOLLRDHUP;
import static arca.bindings.Constants.SHUT_WR;
import static arca.bindings.Constants.SIOCOUTQ;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.SocketAddress;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Timer;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A TCP connection, a data pipe, and the two flows between them. A relay owns the socket and the monitor's two ends of the
 * pipe, and closes each when it is of no more use. For the loop's thread only.
 *
 * <pre>
 * to the peer        from the peer        the relay
 * ended at the end   any                  sends FIN behind all bytes and closes its read end
 * ended by an error  any                  closes its read end, so that the guest's writes fail with EPIPE
 * any                ended at the end     closes its write end, so that the guest reads all bytes and then the end
 * any                ended by an error    closes both ends: the connection is gone
 * any                discards             closes its write end: the guest has closed its own and reads no more
 * ended              ended                closes the socket
 * ended at the end   discards             lingers: it closes the socket once the peer has acknowledged everything; or
 *                                         cuts the connection at its {@link LingerDeadline}
 * hung up            discards, or ended   lingers in the same way: the peer has no room yet for what is in the pipe
 * ended by an error  discards             closes the socket
 *
 * the kernel refuses a call of either     resets the connection and closes everything
 * flow, and the connection is sound
 * </pre>
 *
 * The flow to the peer ends when the pipe has no writer left and no byte, the flow from the peer with the peer's FIN. The
 * first has hung up when the pipe has no writer left, but still has bytes. The second discards after EPIPE. What has come
 * from the peer when a socket is closed after lingering has been read and discarded.
 */
public final class Relay implements AutoCloseable {
    private static final int SOCKET_EVENTS = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP;

    private static final int SOURCE_EVENTS = EPOLLIN | EPOLLPRI | EPOLLRDHUP;

    // How often a lingering relay asks what the peer has acknowledged, where no event reports it: less and less often.
    private static final long SHORTEST_PAUSE_NANOS = 20_000_000;
    private static final int PART_OF_SILENCE = 8; // the pause, as a part of the time without an acknowledgement

    private final Reactor reactor;
    private final Mover mover;
    private final Descriptor socket;
    private final DataPipe pipe;
    private final long lingerNanos;
    private final Consumer<Relay> onEnd;
    final PipeToSocket toPeer;
    final SocketToPipe fromPeer;

    private Timer linger; // null until the relay lingers
    private LingerDeadline deadline; // null until the relay lingers

    private boolean endsFirst; // the FIN to the peer was sent before the peer's had come
    private boolean leavesTimeWait;
    private boolean closed;
    private Optional<CutReason> cutReason = Optional.empty();

    private Relay(
            Reactor reactor, Mover mover, Descriptor socket, DataPipe pipe, Duration linger, Consumer<Relay> onEnd) {
        this.reactor = reactor;
        this.mover = mover;
        this.socket = socket;
        this.pipe = pipe;
        this.lingerNanos = linger.toNanos();
        this.onEnd = onEnd;
        this.toPeer = new PipeToSocket(this, reactor, mover, pipe.reader(), socket);
        this.fromPeer = new SocketToPipe(this, reactor, mover, socket, pipe.writer());
    }

    /**
     * Starts a relay.
     *
     * @param socket a connected, non-blocking socket with SO_OOBINLINE and TCP_NODELAY; the relay's, unless this throws
     * @param pipe the monitor's two ends are the relay's, unless this throws
     * @param linger how long the peer may acknowledge nothing, once the guest is gone
     * @param onEnd called once, when everything is closed
     * @throws ErrnoException ENOSPC or ENOMEM where the loop cannot watch the descriptors
     */
    public static Relay start(
            Reactor reactor, Mover mover, Descriptor socket, DataPipe pipe, Duration linger, Consumer<Relay> onEnd)
            throws ErrnoException {
        Relay relay = new Relay(reactor, mover, socket, pipe, linger, onEnd);
        // Events of one wait are handled in this order. So the relay learns that the guest has closed its read end
        // before it would write to it. Such a write is a SIGPIPE, which costs the JVM as much as several calls.
        check("epoll_ctl", pipe.writer().watch(EPOLLOUT, relay::writerReady));
        check("epoll_ctl", pipe.reader().watch(EPOLLIN, relay::readerReady));
        check("epoll_ctl", socket.watch(SOCKET_EVENTS, relay::socketReady));
        return relay;
    }

    /** Returns how many bytes the socket has taken for the peer. */
    public long bytesToPeer() {
        return toPeer.moved();
    }

    /** Returns how many bytes have come from the peer, also those that were discarded. */
    public long bytesFromPeer() {
        return fromPeer.moved();
    }

    /** Returns how many bytes the connection's pipes can hold now: {@link DataPipe#capacity}. */
    public long pipeCapacity() {
        return pipe.capacity();
    }

    /** Makes the connection's pipes as small as they were: {@link DataPipe#restore}. */
    public void restorePipes() {
        pipe.restore();
    }

    /** Returns why the monitor has cut the connection; empty while it lives, and if the guest and the peer ended it. */
    public Optional<CutReason> cutReason() {
        return cutReason;
    }

    /**
     * Returns whether the kernel keeps the local port of a connection that has ended: TIME_WAIT, RFC 9293, 3.3.2. It does if
     * this host's FIN was the first, and nobody has reset the connection.
     */
    public boolean leavesTimeWait() {
        return leavesTimeWait;
    }

    private void socketReady(Descriptor descriptor, int events) {
        if ((events & EPOLLPRI) != 0) fromPeer.urgentDataArrived();
        if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) fromPeer.sourceHungUp();
        // The events are all that hold at the time of the wait, not only those that are new. So a flow that has none
        // among them will have another event, and need not run now.
        if ((events & ~EPOLLOUT) != 0) fromPeer.sourceReady();
        if ((events & ~SOURCE_EVENTS) != 0) toPeer.sinkReady();
        // Nothing more can be sent, whether or not the guest has bytes to send. The relay does not read SO_ERROR: that
        // clears the error, and the other flow would then see an orderly end.
        if ((events & EPOLLERR) != 0 && !toPeer.hasEnded()) {
            toPeer.stop(-Errno.ECONNRESET);
            flowEnded(toPeer);
        }
        if (linger != null && !closed) checkLinger();
    }

    private void readerReady(Descriptor descriptor, int events) {
        boolean hangUp = (events & EPOLLHUP) != 0;
        if (hangUp) toPeer.sourceHungUp();
        toPeer.sourceReady();
        if (hangUp && !closed) closeIfDone();
    }

    private void writerReady(Descriptor descriptor, int events) {
        if ((events & EPOLLERR) != 0) fromPeer.readerClosed();
        fromPeer.sinkReady();
    }

    /** Handles the end of a flow, for its {@link Flow#reason}. */
    void flowEnded(Flow flow) {
        if (flow.reason() < 0 && !mover.isConnectionOver(socket.fd())) {
            cut(new CutReason.CallRefused(peer(), (int) -flow.reason()));
        } else if (flow == toPeer) {
            pipe.reader().close();
            if (flow.reason() == 0) endToPeer();
        } else {
            pipe.writer().close();
            if (flow.reason() != 0 && !toPeer.hasEnded()) {
                toPeer.stop(flow.reason());
                pipe.reader().close();
            }
        }
        if (!closed) closeIfDone();
    }

    private void endToPeer() {
        endsFirst = !fromPeer.hasEnded();
        // Not checked: shutdown(2) fails only if the connection is gone, and the other flow finds that out.
        reactor.kernel().shutdown(socket.fd(), SHUT_WR);
    }

    /** Handles that the guest has closed its read end; the flow from the peer discards from now on. */
    void readerClosed() {
        pipe.writer().close();
        closeIfDone();
    }

    private void closeIfDone() {
        boolean toPeerFailed = toPeer.hasEnded() && toPeer.reason() != 0;
        if (toPeer.hasEnded() && fromPeer.hasEnded() || toPeerFailed && fromPeer.isDiscarding()) close();
        else if (guestIsGone() && linger == null) startLinger();
    }

    /** Returns whether the guest has closed both its ends. Only the peer has something left to do then. */
    private boolean guestIsGone() {
        return (toPeer.hasEnded() || toPeer.hasHungUp()) && (fromPeer.hasEnded() || fromPeer.isDiscarding());
    }

    private void startLinger() {
        linger = new Timer(this::checkLinger);
        checkLinger();
    }

    /**
     * Closes if the peer has acknowledged everything, also the FIN, which SIOCOUTQ counts as a byte. Cuts if the time for that is
     * over. Else sets the timer for the next check.
     */
    private void checkLinger() {
        int queued = reactor.kernel().ioctl(socket.fd(), SIOCOUTQ);
        long acknowledged = toPeer.moved() - queued;
        long now = reactor.kernel().nanoTime();
        if (deadline == null) deadline = new LingerDeadline(lingerNanos, now, acknowledged);
        long left = deadline.left(now, acknowledged);
        boolean acknowledgedAll = toPeer.hasEnded() && queued <= 0;
        if (acknowledgedAll) fromPeer.sourceReady(); // discards what has come: close(2) with unread bytes resets
        if (closed) return;
        if (acknowledgedAll && fromPeer.state() != Flow.State.READY) close();
        else if (left <= 0)
            cut(new CutReason.Unacknowledged(peer(), Math.max(0, toPeer.hasEnded() ? queued - 1 : queued)));
        else if (acknowledgedAll) reactor.schedule(linger, 1); // more has come than one turn discards
        else reactor.schedule(linger, Math.min(left, pause(deadline.silence(now))));
    }

    /** Returns how long to wait before the next check, after a silence of {@code nanos}. */
    private long pause(long nanos) {
        if (reactor.reportsAcknowledgement()) return Long.MAX_VALUE;
        return Math.max(SHORTEST_PAUSE_NANOS, nanos / PART_OF_SILENCE);
    }

    private void cut(CutReason reason) {
        cutReason = Optional.of(reason);
        close();
    }

    private Optional<SocketAddress.Inet> peer() {
        return reactor.kernel().getpeername(socket.fd());
    }

    /**
     * Closes everything at once. If the peer does not get all that the guest has sent, it gets a reset: after an orderly end
     * it would take a part for the whole.
     */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        boolean isReset = isRefused() || fromPeer.hasEnded() && fromPeer.reason() == -Errno.ECONNRESET;
        leavesTimeWait = endsFirst && !isReset;
        if (!toPeer.hasEnded() || isRefused()) reactor.kernel().resetOnClose(socket.fd());
        toPeer.stop(-Errno.ECONNABORTED);
        fromPeer.stop(-Errno.ECONNABORTED);
        if (linger != null) reactor.cancel(linger);
        pipe.reader().close();
        pipe.writer().close(); // not the guest's ends, which may still be on their way to the guest
        socket.close();
        onEnd.accept(this);
    }

    private boolean isRefused() {
        return cutReason.isPresent() && cutReason.get() instanceof CutReason.CallRefused;
    }
}
