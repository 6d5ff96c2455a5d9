package arca.monitor.relay;

import static arca.bindings.Constants.EPOLLIN;
import static arca.bindings.Constants.EPOLLOUT;

import arca.bindings.Errno;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Timer;

/**
 * One direction of a relay: it moves bytes from a source to a sink. One of the two is a pipe, the other is a socket.
 *
 * <pre>
 * state    event                         next     because
 * DRAINED  event of the source           READY    there may be bytes: the flow runs at once
 * DRAINED  event of the sink             DRAINED  there is nothing to move until the source has an event
 * BLOCKED  event of either               READY    the flow runs at once
 * READY    moved n &gt; 0                   READY    it goes on; when the turn's bytes are used up, it joins the ready list
 * READY    moved fewer than asked        {@link #stateAfterShortCount}: the next event may be certain already
 * READY    -EAGAIN                       BLOCKED  the source is empty or the sink is full: an event of either will do
 * READY    -EAGAIN, source known empty   DRAINED  only the source can have an event that matters
 * READY    0                             ENDED    the source has ended, and the sink has taken every byte
 * READY    -ENOMEM, -ENOBUFS             RETRY    no event tells that memory is free again, so a timer is set
 * READY    other -errno                  ENDED    one side is gone; the flow keeps this error: the next call would return 0
 * READY    event of either               READY    the flow has a place in the ready list already
 * RETRY    timer                         READY    the flow runs at once
 * RETRY    event of either               RETRY    the timer is set already
 * any      stopped                       ENDED    the other direction or the relay has ended it; there is no way back
 * </pre>
 *
 * A flow starts DRAINED: when the loop begins to watch a descriptor, it reports what the descriptor has by then. HUP,
 * RDHUP and ERR are events like any other, because bytes may still be queued behind them.
 */
abstract sealed class Flow implements Reactor.Task permits PipeToSocket, SocketToPipe {
    /** See the table. */
    enum State {
        DRAINED,
        BLOCKED,
        READY,
        RETRY,
        ENDED
    }

    /** Bytes of one turn, after which other flows have theirs: epoll(7), "Possible pitfalls", starvation. */
    static final long TURN_BYTES = 1 << 20;

    private static final long RETRY_NANOS = 5_000_000;

    final Reactor reactor;
    final Mover mover;
    final Descriptor source;
    final Descriptor sink;
    final PendingBytes pending;
    final Relay relay;

    private Timer retry; // null until it is first needed
    private State state = State.DRAINED;
    private boolean hungUp;
    private long result; // of the last call; once ENDED, the reason
    private long moved;

    Flow(Relay relay, Reactor reactor, Mover mover, Descriptor source, Descriptor sink) {
        this.relay = relay;
        this.reactor = reactor;
        this.mover = mover;
        this.pending = mover.newPendingBytes();
        this.source = source;
        this.sink = sink;
    }

    final State state() {
        return state;
    }

    final boolean hasEnded() {
        return state == State.ENDED;
    }

    /** Returns why the flow has ended: 0 after the source's last byte, or {@code -errno}. */
    final long reason() {
        return result;
    }

    /** Returns how many bytes the sink has taken; a flow that discards has read so many. */
    final long moved() {
        return moved;
    }

    /** Notes that the source has reported its end. Bytes may be queued before it. */
    final void sourceHungUp() {
        hungUp = true;
    }

    final boolean hasHungUp() {
        return hungUp;
    }

    /** Handles an event of the source. */
    final void sourceReady() {
        if (state == State.BLOCKED || state == State.DRAINED) turn();
    }

    /** Handles an event of the sink. */
    final void sinkReady() {
        if (state == State.BLOCKED) turn();
    }

    @Override
    public final void turn() {
        if (state == State.ENDED) return; // it was stopped while it was in the ready list
        state = State.READY;
        State next = pump();
        if (state == State.ENDED) return; // a call has shown that the guest is gone, and the relay has closed
        state = next;
        switch (state) {
            case READY -> reactor.runLater(this);
            case DRAINED -> reactor.expect(source, EPOLLIN);
            case BLOCKED -> {
                if (pending.isEmpty()) awaitEvent();
                else reactor.expect(sink, EPOLLOUT); // bytes are pending, so it was the sink that blocked
            }
            case RETRY -> reactor.schedule(retryTimer(), RETRY_NANOS);
            case ENDED -> {
                pending.clear();
                relay.flowEnded(this);
            }
        }
    }

    /** Moves bytes until the turn's are used up or a call moves none. Returns the next state. */
    private State pump() {
        for (long left = TURN_BYTES; left > 0; left -= result) {
            boolean wasPending = !pending.isEmpty();
            long asked = mover.bytesToAsk(left);
            result = wasPending ? mover.flush(pending, sink.fd()) : move(asked);
            if (result <= 0) return stateAfter((int) -result);
            moved += result;
            boolean shortCount = !wasPending && result < asked && pending.isEmpty();
            if (!shortCount || hungUp) continue;
            State next = stateAfterShortCount(result);
            if (next != State.READY) return next;
        }
        return State.READY;
    }

    /**
     * Returns the state after a call that moved fewer bytes than asked. It is DRAINED or BLOCKED where the source is known to
     * be empty or the sink to be full: an event will come, and another call would only return EAGAIN. Else it is READY.
     * Never called after the source has hung up, because that may have been its last event.
     */
    abstract State stateAfterShortCount(long count);

    /** Returns the state after a call that moved nothing; {@code errno} is 0 at the end. */
    State stateAfter(int errno) {
        return switch (errno) {
            case Errno.EAGAIN -> State.BLOCKED;
            case Errno.ENOMEM, Errno.ENOBUFS -> State.RETRY;
            default -> State.ENDED;
        };
    }

    /** Moves bytes by one call, while none are pending. Returns how many, 0 at the end, or {@code -errno}. */
    abstract long move(long count);

    /** Makes sure that an event comes, after a call has returned EAGAIN and left nothing pending. */
    void awaitEvent() {
        if (reactor.blocked(source, sink) != 0) turnAgain();
    }

    /** Joins the ready list: both sides have become ready since EAGAIN. */
    final void turnAgain() {
        state = State.READY;
        reactor.runLater(this);
    }

    private Timer retryTimer() {
        if (retry == null) retry = new Timer(this::turn);
        return retry;
    }

    /** Ends the flow for a reason that it has not found itself. Does not call the relay. */
    final void stop(long reason) {
        if (state == State.ENDED) return;
        if (retry != null) reactor.cancel(retry);
        pending.clear();
        result = reason;
        state = State.ENDED;
    }
}
