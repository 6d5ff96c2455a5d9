package arca.control.guest;

import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Queue;

/**
 * A listener of this guest, like a {@link java.net.ServerSocket}. Any thread may call any method. Connections go to the
 * waiting accepts in the order in which these were called.
 *
 * <p>For each AcceptRequest the monitor takes one connection off the kernel's queue, and the request cannot be taken back.
 * So when an accept gives up, its request stays outstanding, and the next accept uses it. A connection that comes in between
 * is kept for that accept. No connection is lost.
 */
public final class ArcaListener implements Closeable {
    private final Conversation conversation;
    private final Endpoint endpoint;
    private final int listenerId;

    // Guarded by this object's monitor.
    private final Deque<Call<ArcaStream>> waiting = new ArrayDeque<>();
    private final Queue<ArcaStream> untaken = new ArrayDeque<>(); // connections that came while no accept was waiting
    private int outstanding; // AcceptRequests that the monitor has not answered
    private Optional<Ending> ending = Optional.empty();

    ArcaListener(Conversation conversation, Endpoint endpoint, int listenerId) {
        this.conversation = conversation;
        this.endpoint = endpoint;
        this.listenerId = listenerId;
    }

    /**
     * Returns where this guest asked to listen. For port 0 the port that was chosen is not known: revision 1 of the protocol
     * does not tell it.
     *
     * @return the endpoint given to {@link ArcaSession#listen(Endpoint)}
     */
    public Endpoint endpoint() {
        return endpoint;
    }

    /**
     * Returns the monitor's number for this listener, as the monitor's log shows it.
     *
     * @return the listener_id, u32
     */
    public int listenerId() {
        return listenerId;
    }

    /**
     * Waits for a connection.
     *
     * @return the connection; the caller closes it
     * @throws IOException for the reasons of {@link #accept(Duration)}
     */
    public ArcaStream accept() throws IOException {
        return accept(Duration.ZERO);
    }

    /**
     * Waits for a connection.
     *
     * @param timeout how long to wait; zero means without limit
     * @return the connection; the caller closes it
     * @throws java.net.SocketTimeoutException if no connection came in time
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupt status stays set
     * @throws ErrnoException if the monitor cannot accept: EMFILE, ESHUTDOWN, …
     * @throws java.nio.channels.ClosedChannelException if the listener or its session is closed before the call or during it
     * @throws SessionEndedException if the session has ended for another reason
     */
    public ArcaStream accept(Duration timeout) throws IOException {
        if (timeout.isNegative()) throw new IllegalArgumentException("a negative timeout: " + timeout);
        Call<ArcaStream> call = new Call<>("accept " + endpoint);
        synchronized (this) {
            if (ending.isPresent()) throw ending.get().afterwards();
            if (!untaken.isEmpty()) return untaken.remove();
            if (waiting.size() >= outstanding) {
                conversation.accept(listenerId);
                outstanding++;
            }
            waiting.add(call);
        }
        try {
            return call.await(timeout);
        } finally {
            synchronized (this) {
                waiting.remove(call);
            }
        }
    }

    /** Takes a connection from the monitor. Gives it to the accept that has waited longest, or keeps it. */
    void accepted(ArcaStream stream) {
        synchronized (this) {
            outstanding--;
            while (!waiting.isEmpty()) {
                if (waiting.remove().give(stream)) return;
            }
            if (ending.isEmpty()) {
                untaken.add(stream);
                return;
            }
        }
        stream.discard();
    }

    /** Takes a failed request from the monitor. The accept that has waited longest fails; without one, nothing happens. */
    synchronized void refused(int errno) {
        outstanding--;
        while (!waiting.isEmpty()) {
            if (waiting.remove().refuse(errno)) return;
        }
    }

    /**
     * Closes this listener. Wakes all calls that wait in {@link #accept(Duration)}. Closes the connections that no call has
     * accepted, and those that still come for outstanding requests. Does nothing to a closed listener.
     *
     * <p>The monitor goes on listening until the session ends, because revision 1 has no message to close a listener. Until
     * then the port stays in use, and peers that connect wait for nothing.
     */
    @Override
    public void close() {
        end(new Ending.Closed());
    }

    void end(Ending why) {
        Queue<ArcaStream> left;
        synchronized (this) {
            if (ending.isPresent()) return;
            ending = Optional.of(why);
            waiting.forEach(call -> call.end(why));
            waiting.clear();
            left = new ArrayDeque<>(untaken);
            untaken.clear();
        }
        left.forEach(ArcaStream::discard);
    }
}
