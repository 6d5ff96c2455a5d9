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
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Timer;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A TCP connection and a data pipe, and the two flows between them. It owns the socket and our two ends, and closes each
 * when nothing more can come of it. Loop thread only.
 *
 * <pre>
 * to the peer           from the peer         then
 * ends: no writer left  any                   FIN after all bytes; our read end closes
 * ends: an error        any                   our read end closes, so the guest's writes are EPIPE
 * any                   ends: FIN             our write end closes, so the guest reads the end after all bytes
 * any                   ends: an error        both ends close: the connection is gone
 * any                   EPIPE                 our write end closes; what still comes is thrown away
 * ended                 ended                 the socket closes
 * ended well            thrown away           the socket closes once the peer has acknowledged everything, and all that
 *                                             it has sent by then is thrown away; or after the linger time, in which it
 *                                             has acknowledged nothing
 * no writer left        thrown away, ended    so it does while the pipe has bytes for which the peer has no room
 * ended by an error     thrown away           the socket closes
 * a call is refused, though the connection    the socket closes with a reset, both ends close
 * stands; in either direction
 * </pre>
 */
public final class Relay implements AutoCloseable {
    /** Events of a connection's socket that a relay must hear of. */
    private static final int SOCKET_EVENTS = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP;

    private static final int SOURCE_EVENTS = EPOLLIN | EPOLLPRI | EPOLLRDHUP;

    private static final long ASK_NANOS = 20_000_000; // at least, where no event tells
    private static final int ASK_PART = 8; // of the time in which nothing was acknowledged: asked ever more seldom

    private final Reactor reactor;
    private final Mover mover;
    private final Descriptor socket;
    private final DataPipe pipe;
    private final long lingerNanos;
    private final Consumer<Relay> onEnd;
    private final PipeToSocket toPeer;
    private final SocketToPipe fromPeer;

    // While it lingers.
    private Timer linger;
    private long acknowledged; // bytes, as far as a difference tells
    private long progress; // when that was last more than before

    private boolean closed;
    private Optional<Cut> cut = Optional.empty();

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
     * Begins to relay. The socket is connected, non-blocking, and has SO_OOBINLINE and TCP_NODELAY.
     *
     * @param socket owned by the relay from now on, unless this throws
     * @param pipe of which our two ends are the relay's from now on, unless this throws
     * @param linger how long the peer may acknowledge nothing, once the guest is gone
     * @param onEnd told once, when everything is closed
     * @throws ErrnoException ENOSPC or ENOMEM where the loop cannot watch them
     */
    public static Relay start(
            Reactor reactor, Mover mover, Descriptor socket, DataPipe pipe, Duration linger, Consumer<Relay> onEnd)
            throws ErrnoException {
        Relay relay = new Relay(reactor, mover, socket, pipe, linger, onEnd);
        // In this order events are told where several came at once: of a guest that has closed its end we hear so
        // before we would write to it, which would be a SIGPIPE, whose way through the JVM costs as much as several
        // calls.
        check("epoll_ctl", pipe.writer().watch(EPOLLOUT, relay::writerReady));
        check("epoll_ctl", pipe.reader().watch(EPOLLIN, relay::readerReady));
        check("epoll_ctl", socket.watch(SOCKET_EVENTS, relay::socketReady));
        return relay;
    }

    /** Bytes that the peer's socket has taken. */
    public long bytesToPeer() {
        return toPeer.moved();
    }

    /** Bytes that came from the peer, those thrown away included. */
    public long bytesFromPeer() {
        return fromPeer.moved();
    }

    /** Why the monitor has cut the connection; empty while it lives, and where guest and peer have ended it. */
    public Optional<Cut> cut() {
        return cut;
    }

    private void socketReady(Descriptor descriptor, int events) {
        if ((events & EPOLLPRI) != 0) fromPeer.urgent();
        if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) fromPeer.hangUp();
        // Events are what holds at the wait, not just what has changed: without one of its own a direction is owed
        // another.
        if ((events & ~EPOLLOUT) != 0) fromPeer.sourceReady();
        if ((events & ~SOURCE_EVENTS) != 0) toPeer.sinkReady();
        // Nothing more can be sent, whether or not the guest has something to send. SO_ERROR is not asked: reading the
        // error would turn it into an orderly end for the other direction.
        if ((events & EPOLLERR) != 0 && !toPeer.hasEnded()) {
            toPeer.stop(-Errno.ECONNRESET);
            ended(toPeer);
        }
        if (linger != null && !closed) lingering();
    }

    private void readerReady(Descriptor descriptor, int events) {
        boolean hangUp = (events & EPOLLHUP) != 0;
        if (hangUp) toPeer.hangUp();
        toPeer.sourceReady();
        if (hangUp && !closed) closeIfDone();
    }

    private void writerReady(Descriptor descriptor, int events) {
        if ((events & EPOLLERR) != 0) fromPeer.readerClosed();
        fromPeer.sinkReady();
    }

    /** A flow has ended, for {@link Flow#reason}. */
    void ended(Flow flow) {
        if (flow.reason() < 0 && !mover.isOver(socket.fd())) {
            cut(new Cut.Refused(peer(), mover.way(), (int) -flow.reason()));
        } else if (flow == toPeer) {
            pipe.reader().close();
            // Fails only where the connection is gone, which the other direction finds out by itself.
            if (flow.reason() == 0) reactor.kernel().shutdown(socket.fd(), SHUT_WR);
        } else {
            pipe.writer().close();
            if (flow.reason() != 0 && !toPeer.hasEnded()) {
                toPeer.stop(flow.reason());
                pipe.reader().close();
            }
        }
        if (!closed) closeIfDone();
    }

    /** The guest has closed its read end; what comes from the peer is thrown away from now on. */
    void guestReadsNoMore() {
        pipe.writer().close();
        closeIfDone();
    }

    private void closeIfDone() {
        boolean toPeerFailed = toPeer.hasEnded() && toPeer.reason() != 0;
        if (toPeer.hasEnded() && fromPeer.hasEnded() || toPeerFailed && fromPeer.discards()) close();
        else if (guestIsGone() && linger == null) startLinger();
    }

    /** The guest can do nothing more with this connection: what is left is the peer's to take. */
    private boolean guestIsGone() {
        return (toPeer.hasEnded() || toPeer.hasHungUp()) && (fromPeer.hasEnded() || fromPeer.discards());
    }

    private void startLinger() {
        linger = new Timer(this::lingering);
        acknowledged = Long.MIN_VALUE;
        lingering();
    }

    /** Closes once the peer has acknowledged everything, our FIN too, or has not gone on doing so for long enough. */
    private void lingering() {
        int queued = reactor.kernel().ioctl(socket.fd(), SIOCOUTQ);
        long now = reactor.kernel().nanoTime();
        if (toPeer.moved() - queued > acknowledged) {
            acknowledged = toPeer.moved() - queued;
            progress = now;
        }
        long left = lingerNanos - (now - progress);
        boolean acknowledgedAll = toPeer.hasEnded() && queued <= 0;
        if (acknowledgedAll) fromPeer.sourceReady(); // throws away what has come: if it is left unread, close(2) resets
        if (closed) return;
        if (acknowledgedAll && !fromPeer.isReady()) close();
        else if (left <= 0) cut(new Cut.Unacknowledged(peer(), Math.max(0, toPeer.hasEnded() ? queued - 1 : queued)));
        else if (acknowledgedAll) reactor.schedule(linger, 1); // more has come than a turn's worth
        else reactor.schedule(linger, Math.min(left, untilAsked(now - progress)));
    }

    private long untilAsked(long quiet) {
        return reactor.tellsOfAcknowledgement() ? Long.MAX_VALUE : Math.max(ASK_NANOS, quiet / ASK_PART);
    }

    private void cut(Cut why) {
        cut = Optional.of(why);
        close();
    }

    /** As {@link Kernel#getpeername}. */
    private long peer() {
        return reactor.kernel().getpeername(socket.fd());
    }

    /**
     * Closes everything at once. Where the guest's bytes have not all gone, the peer is reset: an orderly end would make it
     * take a part for the whole.
     */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        if (!toPeer.hasEnded() || isRefused()) reactor.kernel().resetOnClose(socket.fd());
        toPeer.stop(-Errno.ECONNABORTED);
        fromPeer.stop(-Errno.ECONNABORTED);
        if (linger != null) reactor.cancel(linger);
        pipe.reader().close();
        pipe.writer().close(); // the guest's ends may still be on their way to it
        socket.close();
        onEnd.accept(this);
    }

    private boolean isRefused() {
        return cut.isPresent() && cut.get() instanceof Cut.Refused;
    }
}
