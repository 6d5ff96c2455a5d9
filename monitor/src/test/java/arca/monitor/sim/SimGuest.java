package arca.monitor.sim;

import arca.control.Endpoint;
import arca.control.GuestSession;
import arca.control.ProtocolException;
import arca.control.Reply;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenOk;
import arca.control.Request;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/** A guest's end of the control socket. It sends requests, and checks that each gets one reply of the right kind. */
final class SimGuest {
    private final World world;
    private final Network network;
    private final Pairs pairs;
    private final SimUnix socket;
    private final SplittableRandom random;
    private final boolean reads; // replies
    private final long pause; // the most nanoseconds before each
    private final boolean splits; // sends requests in pieces that are not frames
    private final boolean mayWait;

    private final GuestSession session = new GuestSession();
    private final Chunks unsent = new Chunks();
    private final Map<Integer, IntConsumer> onListener = new HashMap<>(); // by request
    private final Map<Integer, Integer> accepts = new HashMap<>(); // by request: the port
    private final List<GuestPipe> pipes = new ArrayList<>();
    private boolean sending;
    private boolean over;

    SimGuest(World world, Network network, Pairs pairs, SimUnix socket, SplittableRandom random, boolean patient) {
        this.world = world;
        this.network = network;
        this.pairs = pairs;
        this.socket = socket;
        this.random = random;
        this.reads = patient || random.nextInt(6) > 0;
        this.pause = 1L << random.nextInt(10, 30);
        this.splits = random.nextInt(3) == 0;
        this.mayWait = network.guestsWait();
        world.in(1, this::read);
    }

    // Requests.

    void connect(int address, int port) {
        ask(new ConnectRequest(new Endpoint(address, port)));
    }

    /** After a connection has ended, asks at once for all that come after it. */
    private void connectAgain(Endpoint first) {
        if (first.port() >= Network.AGAIN) return;
        for (int port = first.port() + Network.AGAIN; network.has(port); port += Network.AGAIN) {
            connect(first.address().ipv4(), port);
        }
    }

    void listen(int address, int port, IntConsumer then) {
        int id = ask(new ListenRequest(new Endpoint(address, port)));
        onListener.put(id, then);
    }

    void accept(int listenerId, int port) {
        accepts.put(ask(new AcceptRequest(listenerId)), port);
    }

    private int ask(Request request) {
        int id = session.ask(request);
        byte[] frame = new byte[Request.MAX_FRAME_SIZE];
        int length = request.encode(id, MemorySegment.ofArray(frame), 0);
        say(java.util.Arrays.copyOf(frame, length));
        return id;
    }

    private void say(byte[] bytes) {
        if (over) return;
        unsent.add(bytes);
        if (!sending) send();
    }

    private void send() {
        sending = !unsent.isEmpty() && !over;
        if (!sending) return;
        if (socket.unread() == SimUnix.MUCH) {
            socket.whenWoken(() -> world.in(1, this::send));
            return;
        }
        socket.send(unsent.take(splits ? 1 + random.nextInt(20) : 1 << 12));
        world.in(1 + random.nextLong(5_000), this::send);
    }

    // Replies.

    private void read() {
        if (!reads || over) return;
        SimUnix.Message message = socket.receive();
        if (message == null) {
            socket.whenWoken(() -> world.in(1 + random.nextLong(pause), this::read));
            return;
        }
        try {
            session.received(MemorySegment.ofArray(message.bytes()), 0, message.bytes().length);
            while (session.next()) answered(session.requestId(), session.request(), session.reply(), message.files());
        } catch (ProtocolException e) {
            throw new Violation("malformed reply: " + e.getMessage());
        }
        world.in(1 + random.nextLong(pause), this::read);
    }

    private void answered(int id, Request request, Reply reply, SimFile[] files) {
        boolean handsOver = reply instanceof ConnectOk || reply instanceof IncomingConnection;
        if (handsOver != (files.length == 2)) throw new Violation(files.length + " descriptors with " + reply);
        accepts.remove(id);
        if (request instanceof ConnectRequest(Endpoint to)) network.answered(to.port(), reply);
        if (reply instanceof ListenOk(int listenerId)) onListener.remove(id).accept(listenerId);
        if (!handsOver) return;
        SimPipe.End reader = (SimPipe.End) files[0];
        SimPipe.End writer = (SimPipe.End) files[1];
        if (!reader.reads() || writer.reads()) throw new Violation("the two ends of a data pipe are swapped");
        if (reader.nonBlocking || writer.nonBlocking) throw new Violation("the guest's ends are in non-blocking mode");
        GuestPipe pipe = new GuestPipe(world, pairs, random.split(), reader, writer, mayWait, network.isTorrent());
        if (request instanceof ConnectRequest(Endpoint to)) {
            pairs.join(network.peer(to.port()), pipe);
            pipe.whenDone(() -> connectAgain(to));
        }
        pipes.add(pipe);
        if (network.wedges()) pipe.wedge();
        pipe.start();
    }

    // Ends.

    void close() {
        over = true;
        if (socket.isOpen()) socket.drop();
    }

    void shutdown() {
        over = true;
        socket.shutdownWrite();
    }

    void garbage() {
        byte[] bytes = new byte[1 + random.nextInt(40)];
        random.nextBytes(bytes);
        if (bytes[0] > 0 && bytes[0] < 10) bytes[0] = 77;
        say(bytes);
    }

    /** Closes all of the guest's descriptors, in a random order, as its death does. */
    void die() {
        List<Runnable> closes = new ArrayList<>();
        closes.add(this::close);
        for (GuestPipe pipe : pipes) {
            closes.add(pipe::closeReader);
            closes.add(pipe::closeWriter);
        }
        while (!closes.isEmpty()) closes.remove(random.nextInt(closes.size())).run();
    }

    /** Checks that every request has its reply, except accepts for which no connection has arrived. */
    void checkAnswered() {
        if (session.outstanding() > accepts.size()) {
            throw new Violation("requests without a reply: " + (session.outstanding() - accepts.size()));
        }
        for (int port : accepts.values()) {
            if (network.waiting(port) > 0)
                throw new Violation("an AcceptRequest waits although a connection is in the backlog");
        }
    }
}
