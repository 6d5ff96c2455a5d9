package arca.monitor.relay;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;

import arca.bindings.Errno;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Timer;

/**
 * One direction of a relay: from one of a pipe and a socket to the other.
 *
 * <pre>
 * state    event                   next     because
 * DRAINED  edge of the source      READY    and runs at once
 * DRAINED  edge of the sink        DRAINED  there is nothing to move, or the source has still to say so
 * IDLE     edge of either          READY    and runs at once
 * READY    moved n &gt; 0             READY    again, within the turn's budget; then to the end of the ready list
 * READY    moved fewer than asked  {@link #afterShort}: whether the kernel owes an edge, and of which end
 * READY    -EAGAIN                 IDLE     source empty or sink full: we cannot tell, any edge will do
 * READY    -EAGAIN                 DRAINED  where we can, and it is the source
 * READY    0                       ENDED    the source has ended, and the sink has had every byte
 * READY    -ENOMEM, -ENOBUFS       RETRY    no edge will come
 * READY    other -errno            ENDED    an end is gone; this first answer is kept, the next would be 0
 * RETRY    its timer               READY
 * any      stopped                 ENDED    the other direction, or the relay, has ended it
 * </pre>
 *
 * It begins DRAINED, for a watch that begins tells of what its end has by then. HUP, RDHUP and ERR are edges like any
 * other: bytes may still be queued behind them.
 */
abstract sealed class Flow implements Reactor.Task permits PipeToSocket, SocketToPipe {
    /** See the table. */
    enum State {
        DRAINED,
        IDLE,
        READY,
        RETRY,
        ENDED
    }

    /** Bytes, then others get their turn: epoll(7), "Possible pitfalls", starvation. */
    static final long TURN = 1 << 20;

    private static final long RETRY_NANOS = 5_000_000;

    final Reactor reactor;
    final Mover mover;
    final Descriptor source;
    final Descriptor sink;
    final Stash stash;
    final Relay relay;

    private Timer retry;
    private State state = State.DRAINED;
    private boolean hungUp;
    private long last;
    private long moved;

    Flow(Relay relay, Reactor reactor, Mover mover, Descriptor source, Descriptor sink) {
        this.relay = relay;
        this.reactor = reactor;
        this.mover = mover;
        this.stash = mover.newStash();
        this.source = source;
        this.sink = sink;
    }

    final boolean hasEnded() {
        return state == State.ENDED;
    }

    /** Whether this is its turn, or one is waiting for it. */
    final boolean isReady() {
        return state == State.READY;
    }

    /** Once it has ended, why: 0 after the source's last byte, or {@code -errno}. */
    final long reason() {
        return last;
    }

    /** Bytes that the sink has taken. */
    final long moved() {
        return moved;
    }

    /** The source has told of its end; bytes may be queued before it. */
    final void hangUp() {
        hungUp = true;
    }

    final boolean hasHungUp() {
        return hungUp;
    }

    /** An edge of the source. */
    final void sourceReady() {
        if (state == State.IDLE || state == State.DRAINED) turn();
    }

    /** An edge of the sink. */
    final void sinkReady() {
        if (state == State.IDLE) turn();
    }

    @Override
    public final void turn() {
        if (state == State.ENDED) return; // stopped while it was in the ready list
        state = State.READY;
        State next = pump();
        if (state == State.ENDED) return; // what was found out has closed the relay
        state = next;
        switch (state) {
            case READY -> reactor.again(this);
            case DRAINED -> reactor.expect(source, EPOLLIN);
            case IDLE -> {
                if (stash.isEmpty()) idle();
                else reactor.expect(sink, EPOLLOUT); // of the two it is the one that blocked, whatever they are by now
            }
            case RETRY -> reactor.schedule(retryTimer(), RETRY_NANOS);
            case ENDED -> {
                stash.clear();
                relay.ended(this);
            }
        }
    }

    private State pump() {
        for (long left = TURN; left > 0; left -= last) {
            boolean rest = !stash.isEmpty();
            long asked = mover.most(left);
            last = rest ? mover.flush(stash, sink.fd()) : move(asked);
            if (last <= 0) return after((int) -last);
            moved += last;
            boolean shortOf = !rest && last < asked && stash.isEmpty();
            if (!shortOf || hungUp) continue;
            State next = afterShort(last);
            if (next != State.READY) return next;
        }
        return State.READY;
    }

    /**
     * The state that a count leads to that was short: DRAINED or IDLE where the source is known to be drained, or the sink
     * to be full, so that an edge will come and there is no need to try once more; else READY. Not asked after a hang-up:
     * it may be the last edge that has come already.
     */
    abstract State afterShort(long count);

    /** The state that an answer other than bytes leads to; {@code errno} is 0 at the end. */
    State after(int errno) {
        return switch (errno) {
            case Errno.EAGAIN -> State.IDLE;
            case Errno.ENOMEM, Errno.ENOBUFS -> State.RETRY;
            default -> State.ENDED;
        };
    }

    /** Moves once: bytes, 0 at the end, or {@code -errno}. The stash is empty. */
    abstract long move(long count);

    /** EAGAIN was the answer, with nothing in the stash: sees to it that an edge comes. */
    void idle() {
        if (reactor.blocked(source, sink) != 0) runAgain();
    }

    /** Both ends have become ready since EAGAIN. */
    final void runAgain() {
        state = State.READY;
        reactor.again(this);
    }

    private Timer retryTimer() {
        if (retry == null) retry = new Timer(this::turn);
        return retry;
    }

    /** Ends it for a reason that is not its own; tells nobody. */
    final void stop(long why) {
        if (state == State.ENDED) return;
        if (retry != null) reactor.cancel(retry);
        stash.clear();
        last = why;
        state = State.ENDED;
    }
}
