package arca.control.guest;

import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.POLLOUT;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import arca.bindings.Poll;
import arca.control.ConnectionReady;
import arca.control.Endpoint;
import arca.control.GuestSession;
import arca.control.ProtocolException;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenErr;
import arca.control.Reply.ListenOk;
import arca.control.Request;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.function.IntConsumer;

/**
 * A session's own thread, the only one that touches its channel. Others put requests into a queue and wake it by an
 * eventfd; it sends them, reads the replies, in whatever order they come, and gives each to whom it answers. So nobody
 * who waits keeps another waiting, and a descriptor that arrives for someone who has gone is closed at once.
 *
 * <p>Its thread is a platform thread, for it waits in poll(2), and a daemon: a session that nobody closed keeps no
 * program from ending.
 */
final class Conversation implements Runnable {
    private static final int SIZE =
            4096; // bytes of requests sent at a time: PIPE_BUF, which a pipe takes whole or not at all
    private static final int NO_LISTENER = 0; // PROTOCOL.md 3
    private static final int INPUT = 0;
    private static final int OUTPUT = 1;
    private static final int WAKE = 2;

    /** A request to be sent, and who is told its number then. */
    private record Submission(Request request, IntConsumer numbered) {}

    // The session's thread alone has these. Automatic: made by one thread, used by another.
    private final Arena arena = Arena.ofAuto();
    private final Poll poll = new Poll(arena, WAKE + 1);
    private final MemorySegment unsent = arena.allocate(SIZE);
    private long unsentBytes;
    private final ControlChannel channel;
    private final GuestSession session = new GuestSession();
    private final Map<Integer, Call<ArcaListener>> listening = new HashMap<>(); // by request_id
    private final Map<Integer, Call<ArcaStream>> connecting = new HashMap<>(); // by request_id
    private final Map<Integer, Call<Integer>> pinging = new HashMap<>(); // by request_id
    private final Map<Integer, ArcaListener> listeners = new HashMap<>(); // by listener_id

    // Under this object's monitor.
    private final Queue<Submission> submitted = new ArrayDeque<>();
    private final EventFd wake;
    private boolean closing;
    private Optional<Ending> ending = Optional.empty();

    private final Thread thread =
            Thread.ofPlatform().daemon().name("arca-session").unstarted(this);

    /** Begins to talk. Takes ownership of the channel, also where it throws. */
    static Conversation begin(ControlChannel channel) throws ErrnoException {
        try {
            Conversation conversation = new Conversation(channel, EventFd.open());
            conversation.start();
            return conversation;
        } catch (ErrnoException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    private Conversation(ControlChannel channel, EventFd wake) {
        this.channel = channel;
        this.wake = wake;
    }

    private void start() {
        try {
            thread.start();
        } catch (RuntimeException | Error e) {
            wake.close();
            throw e;
        }
    }

    // Any thread.

    void listen(Endpoint at, Call<ArcaListener> call) throws IOException {
        submit(new ListenRequest(at), id -> listening.put(id, call));
    }

    void connect(Endpoint to, Call<ArcaStream> call) throws IOException {
        submit(new ConnectRequest(to), id -> connecting.put(id, call));
    }

    void accept(int listenerId) throws IOException {
        submit(new AcceptRequest(listenerId), _ -> {}); // its reply names the listener
    }

    /** Asks for a connection of the listener that nobody has, which the monitor refuses at once: PROTOCOL.md 4. */
    void ping(Call<Integer> call) throws IOException {
        submit(new AcceptRequest(NO_LISTENER), id -> pinging.put(id, call));
    }

    private synchronized void submit(Request request, IntConsumer numbered) throws IOException {
        if (ending.isPresent()) throw ending.get().afterwards();
        submitted.add(new Submission(request, numbered));
        wake.signal();
    }

    synchronized boolean isOpen() {
        return !closing && ending.isEmpty();
    }

    /** Ends the session, and returns when its descriptors are closed; that waits for nobody else. */
    void close() {
        synchronized (this) {
            closing = true;
            if (ending.isEmpty()) wake.signal();
        }
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }

    // The session's thread.

    @Override
    public void run() {
        Ending why = new Ending.Closed();
        try {
            converse();
        } catch (Throwable e) { // whatever it is, it is thrown at those who wait
            why = new Ending.Failed(e);
        }
        end(why);
    }

    private void converse() throws IOException, ProtocolException {
        poll.set(WAKE, wake.fd().value(), POLLIN);
        poll.set(INPUT, channel.input(), POLLIN);
        while (true) {
            send();
            // Watched only with something to write: a pipe without a reader would report that without end.
            if (unsentBytes > 0) poll.set(OUTPUT, channel.output(), POLLOUT);
            else poll.clear(OUTPUT);
            poll.poll(-1);
            if (poll.revents(WAKE) != 0) wake.drain();
            if (!isOpen()) return;
            if (poll.revents(INPUT) != 0) receive();
        }
    }

    private void send() throws IOException, ProtocolException {
        for (encode(); unsentBytes > 0; encode()) {
            long n = channel.write(unsent.asSlice(0, unsentBytes));
            if (n == -Errno.EAGAIN) return;
            if (n < 0) {
                while (receive()) {} // what the monitor said before it stopped to listen
                throw new ErrnoException("write", (int) -n);
            }
            unsentBytes -= n;
            MemorySegment.copy(unsent, n, unsent, 0, unsentBytes);
        }
    }

    /** Numbers and encodes what was submitted, as far as there is room. */
    private void encode() {
        while (unsent.byteSize() - unsentBytes >= Request.MAX_FRAME_SIZE) {
            Submission next;
            synchronized (this) {
                if (submitted.isEmpty()) return;
                next = submitted.remove();
            }
            unsentBytes += next.request.encode(number(next), unsent, unsentBytes);
        }
    }

    private int number(Submission submission) {
        int id = session.ask(submission.request);
        submission.numbered.accept(id);
        return id;
    }

    /** Reads once; false if nothing was there. */
    private boolean receive() throws IOException, ProtocolException {
        long n = channel.read();
        if (n == -Errno.EAGAIN) return false;
        ErrnoException.check("read", n);
        session.received(channel.bytes(), 0, n);
        while (session.next()) route();
        if (channel.untaken() > (session.insideFrame() ? 1 : 0)) {
            throw new IOException("descriptors came with a reply that has none");
        }
        if (n == 0) {
            session.end();
            throw new EOFException("the monitor closed the control channel");
        }
        return true;
    }

    private void route() throws IOException {
        int id = session.requestId();
        switch (session.reply()) {
            case ListenOk(int listenerId) -> listening(listenerId, (ListenRequest) session.request(), id);
            case ListenErr(int code) -> listening.get(id).refuse(code);
            case ConnectOk(ConnectionReady ready) -> connected(ready, connecting.get(id));
            case ConnectErr(int code) -> connecting.get(id).refuse(code);
            case IncomingConnection(ConnectionReady ready) -> accepted(ready, listeners.get(ready.listenerId()));
            case AcceptErr(int code) -> notAccepted((AcceptRequest) session.request(), id, code);
        }
        listening.remove(id); // only now: a call whose reply was no good is still to hear of the session's end
        connecting.remove(id);
        pinging.remove(id);
    }

    private void notAccepted(AcceptRequest asked, int id, int code) {
        if (asked.listenerId() == NO_LISTENER) pinging.get(id).give(code);
        else listeners.get(asked.listenerId()).refused(code);
    }

    private void listening(int listenerId, ListenRequest asked, int id) throws IOException {
        ArcaListener listener = new ArcaListener(this, asked.endpoint(), listenerId);
        if (listeners.putIfAbsent(listenerId, listener) != null) {
            throw new IOException("a listener's number was given twice: " + Integer.toUnsignedString(listenerId));
        }
        listening.get(id).give(listener); // one that was given up holds nothing here, and revision 1 cannot close it
    }

    private void connected(ConnectionReady ready, Call<ArcaStream> call) throws IOException {
        try {
            ArcaStream stream = stream(ready);
            if (!call.give(stream)) stream.discard();
        } catch (ErrnoException e) {
            call.refuse(e.errno());
        }
    }

    private void accepted(ConnectionReady ready, ArcaListener listener) throws IOException {
        if (listener == null) throw new IOException("a connection came for the listener 0, which is nobody's");
        try {
            listener.accepted(stream(ready));
        } catch (ErrnoException e) {
            listener.refused(e.errno());
        }
    }

    private ArcaStream stream(ConnectionReady ready) throws IOException {
        return new ArcaStream(
                channel.take(ready.pipe().pipeId()),
                ready.connectionId(),
                ready.pipe().ringSize());
    }

    private void end(Ending why) {
        channel.close();
        synchronized (this) {
            ending = Optional.of(why);
            wake.close();
        }
        while (!submitted.isEmpty()) number(submitted.remove()); // nobody adds to it any more
        listening.values().forEach(call -> call.end(why));
        connecting.values().forEach(call -> call.end(why));
        pinging.values().forEach(call -> call.end(why));
        listeners.values().forEach(listener -> listener.end(why));
    }
}
