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
 * Sends replies to a guest, in the order in which they are given. Replies without descriptors that are given while requests are
 * handled go together, in one call: see {@link #hold}. A reply that does not fit into the channel waits here, with its
 * descriptors. While one waits, the guest's requests must not be read: {@link #isBlocked}. Loop thread only.
 */
final class Replies implements AutoCloseable {
    private static final long RETRY_NANOS = 5_000_000;

    /**
     * Bytes. The channel takes so many whole or not at all: a pipe takes PIPE_BUF, 4096, pipe(7), and a socket takes half of
     * its send buffer, which has 4608 at least.
     */
    private static final int BATCH_SIZE = 2048;

    /** A reply that waits, and the data pipe that goes with it; {@code pipe} is null if there is none. */
    private record QueuedReply(int requestId, Reply reply, int pipeId, DataPipe pipe) {}

    private final Reactor reactor;
    private final ControlChannel channel;
    private final Runnable onAllSent;
    private final Runnable onFailure;
    private final Runnable onGuestEndsClosed;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment batch =
            arena.allocate(BATCH_SIZE); // frames without descriptors; they go before the queue
    private int batchLength; // in bytes
    private int batchCount; // in replies
    private final Queue<QueuedReply> queue = new ArrayDeque<>();
    private final Timer retry = new Timer(this::flush);
    private boolean held;
    private boolean isBlocked; // the channel had no room for the batch, or for the first in the queue
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

    /** Collects replies without descriptors until {@link #release}, as many as one call can send. */
    void hold() {
        held = true;
    }

    /** Sends what {@link #hold} has collected. */
    void release() {
        held = false;
        sendBatch();
    }

    /** Sends a reply, now or as soon as the channel has room. */
    void send(int requestId, Reply reply) {
        if (batchLength + Reply.MAX_FRAME_SIZE > BATCH_SIZE) sendBatch();
        if (failure != 0) return;
        if (isBlocked) {
            queue.add(new QueuedReply(requestId, reply, 0, null));
        } else {
            batchLength += reply.encode(requestId, batch, batchLength);
            batchCount++;
            if (!held) sendBatch();
        }
    }

    /** Sends a reply with the guest's ends of a data pipe. From now on, this object owns these ends. */
    void send(int requestId, Reply reply, int pipeId, DataPipe pipe) {
        queue.add(new QueuedReply(
                requestId, reply, pipeId, pipe)); // first of all: what is in the queue is closed with it
        if (!isBlocked) sendAll();
    }

    /** Returns whether a reply waits because the channel had no room for it. */
    boolean isBlocked() {
        return isBlocked;
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
        if (!isBlocked || retry.isScheduled()) return;
        isBlocked = false;
        sendAll();
        if (!isBlocked) onAllSent.run();
    }

    private void sendAll() {
        sendBatch();
        while (!isBlocked && !queue.isEmpty()) sendFirst();
    }

    private void sendBatch() {
        if (batchLength == 0 || isBlocked) return;
        if (!isDone(channel.send(batch, batchLength), batchCount)) return;
        batchLength = 0;
        batchCount = 0;
    }

    /** Sends the first reply of the queue. The batch is empty, so its memory is free for the frame. */
    private void sendFirst() {
        QueuedReply first = queue.peek();
        if (failure != 0) {
            discard(queue.remove());
            return;
        }
        int length = first.reply().encode(first.requestId(), batch, 0);
        long n = first.pipe() == null
                ? channel.send(batch, length)
                : channel.send(batch, length, first.pipeId(), first.pipe());
        if (isDone(n, 1)) discard(queue.remove()); // closes nothing that the channel has taken
    }

    /**
     * Looks at the result of a call that was to send some replies. Returns whether they need not be sent again, because the channel
     * has taken them, or has failed.
     */
    private boolean isDone(long n, int replies) {
        switch ((int) -n) {
            case Errno.EAGAIN -> reactor.expect(channel.writer(), EPOLLOUT);
            // No event reports the end of these. The kernel counts the descriptors in flight of a user: unix(7),
            // ETOOMANYREFS.
            case Errno.ENOMEM, Errno.ENOBUFS, Errno.ETOOMANYREFS -> reactor.schedule(retry, RETRY_NANOS);
            default -> {
                if (n < 0) fail((int) -n);
                else sent += replies;
                return true;
            }
        }
        isBlocked = true;
        return false;
    }

    private void fail(int errno) {
        if (failure != 0) return;
        failure = errno;
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
        batchLength = 0;
        isBlocked = false;
        if (failure == 0) failure = Errno.EPIPE;
        arena.close();
    }
}
