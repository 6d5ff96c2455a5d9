package arca.monitor.guest;

import static arca.bindings.Constants.EPOLLOUT;

import arca.bindings.Errno;
import arca.control.Reply;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Timer;
import arca.monitor.relay.DataPipe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Replies on their way to a guest, in the order they were given. What the channel does not take waits here, with its
 * descriptors; while anything waits, the guest's requests are not to be read: {@link #isBlocked}.
 */
final class Replies implements AutoCloseable {
    private static final long RETRY_NANOS = 5_000_000;

    /** A reply, and the data pipe that goes with it; none where {@code pipe} is null. */
    private record QueuedReply(int requestId, Reply reply, int pipeId, DataPipe pipe) {}

    private final Reactor reactor;
    private final ControlChannel channel;
    private final Runnable onAllSent;
    private final Runnable onFailure;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment frame = arena.allocate(Reply.MAX_FRAME_SIZE);
    private final Queue<QueuedReply> queue = new ArrayDeque<>();
    private final Timer retry = new Timer(this::flush);
    private long sent;
    private int failure;

    /**
     * Nothing due yet.
     *
     * @param onAllSent run when everything that waited has gone
     * @param onFailure run in a turn of its own, once, when the channel has failed
     */
    Replies(Reactor reactor, ControlChannel channel, Runnable onAllSent, Runnable onFailure) {
        this.reactor = reactor;
        this.channel = channel;
        this.onAllSent = onAllSent;
        this.onFailure = onFailure;
    }

    /** Sends a reply, now or as soon as there is room. */
    void send(int requestId, Reply reply) {
        send(new QueuedReply(requestId, reply, 0, null));
    }

    /** Sends a reply with a data pipe, whose guest's ends are this object's to pass on or close. */
    void send(int requestId, Reply reply, int pipeId, DataPipe pipe) {
        send(new QueuedReply(requestId, reply, pipeId, pipe));
    }

    private void send(QueuedReply reply) {
        boolean first = queue.isEmpty();
        queue.add(reply); // and its descriptors are closed with this, whatever happens
        if (first) sendQueued();
    }

    private void sendQueued() {
        while (!queue.isEmpty() && trySend(queue.peek())) queue.poll();
    }

    /** Whether replies wait for the guest to read those before. */
    boolean isBlocked() {
        return !queue.isEmpty();
    }

    /** Why the channel takes no more replies, a positive errno; 0 while it does. */
    int failure() {
        return failure;
    }

    /** How many replies the channel has taken. */
    long sent() {
        return sent;
    }

    /**
     * The channel may have room again. A timer that was set is waited for: sendmsg(2) that fails for want of anything but
     * room gives back the memory it took, and epoll(7) tells of that as of room, at once and without end.
     */
    void flush() {
        if (!isBlocked() || retry.isScheduled()) return;
        sendQueued();
        if (!isBlocked()) onAllSent.run();
    }

    /** Whether the reply is dealt with: sent, or dropped because the channel has failed. */
    private boolean trySend(QueuedReply reply) {
        if (failure != 0) {
            discard(reply);
            return true;
        }
        int length = reply.reply().encode(reply.requestId(), frame, 0);
        long n = reply.pipe() == null
                ? channel.send(frame, length)
                : channel.send(frame, length, reply.pipeId(), reply.pipe());
        switch ((int) -n) {
            case Errno.EAGAIN -> reactor.expect(channel.writer(), EPOLLOUT);
            // No event tells when these are over. Descriptors in flight are counted for the user: unix(7),
            // ETOOMANYREFS.
            case Errno.ENOMEM, Errno.ENOBUFS, Errno.ETOOMANYREFS -> reactor.schedule(retry, RETRY_NANOS);
            default -> {
                if (n > 0) sent++;
                else fail(reply, (int) -n);
                return true;
            }
        }
        return false;
    }

    private void fail(QueuedReply reply, int errno) {
        failure = errno;
        discard(reply);
        reactor.runLater(onFailure::run);
    }

    private static void discard(QueuedReply reply) {
        if (reply.pipe() != null) reply.pipe().closeGuestEnds();
    }

    /** Drops what waits; the descriptors that waited close, so that their connections end. */
    @Override
    public void close() {
        reactor.cancel(retry);
        queue.forEach(Replies::discard);
        queue.clear();
        if (failure == 0) failure = Errno.EPIPE;
        arena.close();
    }
}
