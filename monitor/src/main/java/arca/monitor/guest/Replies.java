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
 * Sends replies to a guest, in the order in which they are given. A reply that does not fit into the channel waits
 * here, with its descriptors. While one waits, the guest's requests must not be read: {@link #isBlocked}. Loop thread
 * only.
 */
final class Replies implements AutoCloseable {
    private static final long RETRY_NANOS = 5_000_000;

    /** A reply, and the data pipe that goes with it; {@code pipe} is null if there is none. */
    private record QueuedReply(int requestId, Reply reply, int pipeId, DataPipe pipe) {}

    private final Reactor reactor;
    private final ControlChannel channel;
    private final Runnable onAllSent;
    private final Runnable onFailure;
    private final Runnable onGuestEndsClosed;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment frame = arena.allocate(Reply.MAX_FRAME_SIZE);
    private final Queue<QueuedReply> queue = new ArrayDeque<>();
    private final Timer retry = new Timer(this::flush);
    private long sent;
    private int failure;

    /**
     * Creates an empty queue.
     *
     * @param onAllSent runs when every reply that waited has been sent
     * @param onFailure runs once, in a turn of its own, when the channel has failed
     * @param onGuestEndsClosed runs when the guest's ends of a data pipe were sent, or dropped with their reply
     */
    Replies(
            Reactor reactor,
            ControlChannel channel,
            Runnable onAllSent,
            Runnable onFailure,
            Runnable onGuestEndsClosed) {
        this.reactor = reactor;
        this.channel = channel;
        this.onAllSent = onAllSent;
        this.onFailure = onFailure;
        this.onGuestEndsClosed = onGuestEndsClosed;
    }

    /** Sends a reply, now or as soon as the channel has room. */
    void send(int requestId, Reply reply) {
        send(new QueuedReply(requestId, reply, 0, null));
    }

    /** Sends a reply with the guest's ends of a data pipe. From now on, this object owns these ends. */
    void send(int requestId, Reply reply, int pipeId, DataPipe pipe) {
        send(new QueuedReply(requestId, reply, pipeId, pipe));
    }

    private void send(QueuedReply reply) {
        boolean first = queue.isEmpty();
        queue.add(reply); // first of all: what is in the queue is closed with it
        if (first) sendQueued();
    }

    private void sendQueued() {
        while (!queue.isEmpty() && trySend(queue.peek())) queue.poll();
    }

    /** Returns whether a reply waits to be sent. */
    boolean isBlocked() {
        return !queue.isEmpty();
    }

    /** Returns why the channel takes no more replies, a positive errno; 0 as long as it takes them. */
    int failure() {
        return failure;
    }

    /** Returns how many replies the channel has taken. */
    long sent() {
        return sent;
    }

    /**
     * Tries again to send what waits: the channel may have room now. Does nothing while the retry timer runs. A
     * sendmsg(2) that fails for another reason than room frees the memory that it has taken. epoll(7) reports this as
     * room, at once and after every attempt.
     */
    void flush() {
        if (!isBlocked() || retry.isScheduled()) return;
        sendQueued();
        if (!isBlocked()) onAllSent.run();
    }

    /** Returns true if the reply was sent, or dropped because the channel has failed; false if it must wait. */
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
            // No event reports the end of these. The kernel counts the descriptors in flight of a user: unix(7),
            // ETOOMANYREFS.
            case Errno.ENOMEM, Errno.ENOBUFS, Errno.ETOOMANYREFS -> reactor.schedule(retry, RETRY_NANOS);
            default -> {
                if (n < 0) {
                    fail(reply, (int) -n);
                } else {
                    sent++;
                    if (reply.pipe() != null) onGuestEndsClosed.run();
                }
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

    private void discard(QueuedReply reply) {
        if (reply.pipe() == null) return;
        reply.pipe().closeGuestEnds();
        onGuestEndsClosed.run();
    }

    /** Drops the replies that wait, and closes their descriptors, so that their connections end. */
    @Override
    public void close() {
        reactor.cancel(retry);
        queue.forEach(this::discard);
        queue.clear();
        if (failure == 0) failure = Errno.EPIPE;
        arena.close();
    }
}
