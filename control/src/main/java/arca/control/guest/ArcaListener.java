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
 * A listener of this guest, as {@link java.net.ServerSocket}. Any thread may call any method; connections go to those
 * who wait in the order in which they came.
 *
 * <p>The monitor takes a connection off the kernel's queue for each request to accept, and a request cannot be taken
 * back. So an accept that gives up leaves its request behind, and the next accept takes that over: what came meanwhile is
 * kept for it, and no connection is lost.
 */
public final class ArcaListener implements Closeable {
    private final Conversation conversation;
    private final Endpoint endpoint;
    private final int listenerId;

    // Under this object's monitor.
    private final Deque<Call<ArcaStream>> waiting = new ArrayDeque<>();
    private final Queue<ArcaStream> untaken = new ArrayDeque<>();
    private int outstanding; // requests that the monitor has not answered
    private Optional<Ending> ending = Optional.empty();

    ArcaListener(Conversation conversation, Endpoint endpoint, int listenerId) {
        this.conversation = conversation;
        this.endpoint = endpoint;
        this.listenerId = listenerId;
    }

    /**
     * Where it was asked to listen. The port that was taken for port 0 is not known: revision 1 does not tell.
     *
     * @return the endpoint given to {@link ArcaSession#listen(Endpoint)}
     */
    public Endpoint endpoint() {
        return endpoint;
    }

    /**
     * The monitor's number of the listener, as its log shows it.
     *
     * @return an unsigned number
     */
    public int listenerId() {
        return listenerId;
    }

    /**
     * Waits for a connection.
     *
     * @return the connection
     * @throws IOException as {@link #accept(Duration)}
     */
    public ArcaStream accept() throws IOException {
        return accept(Duration.ZERO);
    }

    /**
     * Waits for a connection.
     *
     * @param timeout how long; zero is without end
     * @return the connection
     * @throws java.net.SocketTimeoutException if none came in time
     * @throws java.io.InterruptedIOException if the thread is interrupted, as it still is then
     * @throws ErrnoException the monitor's answer where it cannot accept: EMFILE, ESHUTDOWN, …
     * @throws java.nio.channels.ClosedChannelException if the listener or its session is closed, by then or meanwhile
     * @throws SessionEndedException if the session is over for another reason
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

    /** A connection has come: it goes to whoever has waited longest, or is kept. */
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

    /** A request failed: that is for whoever has waited longest; where nobody waits, the next to come asks anew. */
    synchronized void refused(int errno) {
        outstanding--;
        while (!waiting.isEmpty()) {
            if (waiting.remove().refuse(errno)) return;
        }
    }

    /**
     * Accepts no more. Whoever waits in {@link #accept(Duration)} is woken; connections that nobody has accepted are
     * closed, and so are those that still come for requests left behind. Does nothing to a closed listener.
     *
     * <p>The monitor goes on listening until the session ends, for revision 1 has no message to close a listener: the port
     * stays taken, and peers that still connect wait in vain until then.
     */
    @Override
    public void close() {
        end(new Ending.Closed());
    }

    void end(Ending why) {
        Queue<ArcaStream> nobodys;
        synchronized (this) {
            if (ending.isPresent()) return;
            ending = Optional.of(why);
            waiting.forEach(call -> call.end(why));
            waiting.clear();
            nobodys = new ArrayDeque<>(untaken);
            untaken.clear();
        }
        nobodys.forEach(ArcaStream::discard);
    }
}
