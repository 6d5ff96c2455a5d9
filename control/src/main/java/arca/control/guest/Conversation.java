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
 * The thread of a session, and the only one that uses its transport. Other threads put requests into a queue and wake this
 * thread with an eventfd. It sends the requests, reads the replies in any order, and gives each reply to the call that waits
 * for it. So no call delays another, and descriptors that arrive for a call that was given up are closed at once.
 *
 * <p>It is a platform thread, because it waits in poll(2). It is a daemon, so a program can end although a session is
 * open.
 */
final class Conversation implements Runnable {
    private static final int SIZE = 4096; // bytes sent at a time: PIPE_BUF, which a pipe takes whole or not at all
    private static final int INPUT = 0;
    private static final int OUTPUT = 1;
    private static final int WAKE = 2;

    /** A request to send, and the code that takes its number once it has one. */
    private record Submission(Request request, IntConsumer numbered) {}

    // Used by the session's thread alone. The arena is automatic, because another thread creates it.
    private final Arena arena = Arena.ofAuto();
    private final Poll poll = new Poll(arena, WAKE + 1);
    private final MemorySegment unsent = arena.allocate(SIZE);
    private long unsentBytes;
    private final Transport transport;
    private final GuestSession session = new GuestSession();
    private final Map<Integer, Call<ArcaListener>> listening = new HashMap<>(); // by request_id
    private final Map<Integer, Call<ArcaStream>> connecting = new HashMap<>(); // by request_id
    private final Map<Integer, Call<Integer>> pinging = new HashMap<>(); // by request_id
    private final Map<Integer, ArcaListener> listeners = new HashMap<>(); // by listener_id

    // Guarded by this object's monitor.
    private final Queue<Submission> submitted = new ArrayDeque<>();
    private final EventFd wake;
    private boolean closing;
    private Optional<Ending> ending = Optional.empty();

    private final Thread thread =
            Thread.ofPlatform().daemon().name("arca-session").unstarted(this);

    /** Starts the thread. Takes ownership of the transport, even if it throws. */
    static Conversation begin(Transport transport) throws ErrnoException {
        try {
            Conversation conversation = new Conversation(transport, EventFd.open());
            conversation.start();
            return conversation;
        } catch (ErrnoException | RuntimeException | Error e) {
            transport.close();
            throw e;
        }
    }

    private Conversation(Transport transport, EventFd wake) {
        this.transport = transport;
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

    // The following methods are for any thread.

    void listen(Endpoint at, Call<ArcaListener> call) throws IOException {
        submit(new ListenRequest(at), id -> listening.put(id, call));
    }

    void connect(Endpoint to, Call<ArcaStream> call) throws IOException {
        submit(new ConnectRequest(to), id -> connecting.put(id, call));
    }

    void accept(int listenerId) throws IOException {
        submit(new AcceptRequest(listenerId), _ -> {}); // needs no table: the reply names the listener
    }

    /** Asks for a connection of listener 0, which no guest has. The monitor refuses that at once: PROTOCOL.md, section 4. */
    void ping(Call<Integer> call) throws IOException {
        submit(new AcceptRequest(ConnectionReady.NO_LISTENER), id -> pinging.put(id, call));
    }

    private synchronized void submit(Request request, IntConsumer numbered) throws IOException {
        if (ending.isPresent()) throw ending.get().afterwards();
        submitted.add(new Submission(request, numbered));
        wake.signal();
    }

    synchronized boolean isOpen() {
        return !closing && ending.isEmpty();
    }

    /** Ends the session. Returns when its descriptors are closed; it waits for the session's thread and for nothing else. */
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

    // The following methods are for the session's thread.

    @Override
    public void run() {
        Ending why = new Ending.Closed();
        try {
            converse();
        } catch (Throwable e) { // of any kind: it is thrown from the calls that wait
            why = new Ending.Failed(e);
        }
        end(why);
    }

    private void converse() throws IOException, ProtocolException {
        poll.set(WAKE, wake.fd().value(), POLLIN);
        poll.set(INPUT, transport.input(), POLLIN);
        while (true) {
            send();
            // Polled only while there are bytes to write: a pipe without a reader would end every poll with POLLERR.
            if (unsentBytes > 0) poll.set(OUTPUT, transport.output(), POLLOUT);
            else poll.clear(OUTPUT);
            poll.poll(-1);
            if (poll.revents(WAKE) != 0) wake.drain();
            if (!isOpen()) return;
            if (poll.revents(INPUT) != 0) receive();
        }
    }

    private void send() throws IOException, ProtocolException {
        for (encode(); unsentBytes > 0; encode()) {
            long n = transport.write(unsent.asSlice(0, unsentBytes));
            if (n == -Errno.EAGAIN) return;
            if (n < 0) {
                while (receive()) {} // replies that the monitor sent before it closed
                throw new ErrnoException("write", (int) -n);
            }
            unsentBytes -= n;
            MemorySegment.copy(unsent, n, unsent, 0, unsentBytes);
        }
    }

    /** Numbers and encodes submitted requests while the buffer has room. */
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

    /** Reads once and handles the replies. Returns false if there was nothing to read. */
    private boolean receive() throws IOException, ProtocolException {
        long n = transport.read();
        if (n == -Errno.EAGAIN) return false;
        ErrnoException.check("read", n);
        session.received(transport.bytes(), 0, n);
        while (session.next()) route();
        if (transport.untaken() > (session.insideFrame() ? 1 : 0)) {
            throw new IOException("the monitor sent descriptors with a reply that has none");
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
        listening.remove(id); // not earlier: if the reply was invalid, end() still has to answer the call
        connecting.remove(id);
        pinging.remove(id);
    }

    private void notAccepted(AcceptRequest asked, int id, int code) {
        if (asked.listenerId() == ConnectionReady.NO_LISTENER) pinging.get(id).give(code);
        else listeners.get(asked.listenerId()).refused(code);
    }

    private void listening(int listenerId, ListenRequest asked, int id) throws IOException {
        ArcaListener listener = new ArcaListener(this, asked.endpoint(), listenerId);
        if (listeners.putIfAbsent(listenerId, listener) != null) {
            throw new IOException("the monitor gave two listeners the number " + Integer.toUnsignedString(listenerId));
        }
        // If the call was given up, nothing has to be closed here, and revision 1 cannot close the listener.
        listening.get(id).give(listener);
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
        if (listener == null) throw new IOException("the monitor sent a connection of listener 0, which no guest has");
        try {
            listener.accepted(stream(ready));
        } catch (ErrnoException e) {
            listener.refused(e.errno());
        }
    }

    private ArcaStream stream(ConnectionReady ready) throws IOException {
        return new ArcaStream(
                transport.take(ready.pipe().pipeId()),
                ready.connectionId(),
                ready.pipe().ringSize());
    }

    private void end(Ending why) {
        transport.close();
        synchronized (this) {
            ending = Optional.of(why);
            wake.close();
        }
        while (!submitted.isEmpty()) number(submitted.remove()); // submit() adds nothing any more
        listening.values().forEach(call -> call.end(why));
        connecting.values().forEach(call -> call.end(why));
        pinging.values().forEach(call -> call.end(why));
        listeners.values().forEach(listener -> listener.end(why));
    }
}
