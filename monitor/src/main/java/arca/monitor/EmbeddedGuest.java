package arca.monitor;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.control.guest.ArcaSession;
import arca.control.guest.DataPipes;
import arca.monitor.guest.GuestLoop;
import arca.monitor.guest.PipePairChannel;
import arca.monitor.guest.SharedResources;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.Mailbox;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Waker;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A guest in the monitor's own process, with its loop, which whoever embeds it drives. It is trusted: it can hold its own
 * loop up, and nobody looks on. The control channel is a pair of kernel pipes, and data pipes are taken by their pipe_id.
 *
 * <p>The loop runs in the thread that made the guest, and only while one of {@link #run}, {@link #pumpOnce},
 * {@link #serveOne} and {@link #pollAccepts} does. What blocks in the guest, any call of its {@link #session} for one,
 * belongs on another thread.
 *
 * <pre>{@code
 * Thread loop = Thread.ofPlatform().start(() -> {
 *     try (EmbeddedGuest guest = monitor.embed()) {
 *         sessions.complete(guest.session());
 *         guest.run();
 *     }
 * });
 * }</pre>
 */
public final class EmbeddedGuest implements DataPipes, AutoCloseable {
    private static final int MAX_ROUNDS = 64;

    private final EmbeddedGuests guests;
    private final Waker waker;
    private final Mailbox mailbox;
    private final Map<Integer, Ends> untaken = new ConcurrentHashMap<>();
    private final Fd requests;
    private final Fd replies;
    private final GuestLoop loop;
    private boolean closed;

    private EmbeddedGuest(
            String name, SharedResources shared, EmbeddedGuests guests, Waker waker, Pipe toMonitor, Pipe toGuest)
            throws ErrnoException {
        this.guests = guests;
        this.waker = waker;
        this.mailbox = new Mailbox(waker);
        this.requests = toMonitor.writer();
        this.replies = toGuest.reader();
        toMonitor.reader().nonBlocking(true);
        toGuest.writer().nonBlocking(true);
        this.loop = new GuestLoop(
                name,
                shared,
                mailbox,
                (kernel, reactor) -> channel(kernel, reactor, toMonitor.reader(), toGuest.writer()));
    }

    private PipePairChannel channel(Kernel kernel, Reactor reactor, Fd requests, Fd replies) {
        return new PipePairChannel(
                kernel,
                new Descriptor(reactor, requests.release()),
                new Descriptor(reactor, replies.release()),
                untaken);
    }

    static EmbeddedGuest open(String name, SharedResources shared, EmbeddedGuests guests) throws ErrnoException {
        Waker waker = Waker.open();
        Optional<Pipe> toMonitor = Optional.empty();
        Optional<Pipe> toGuest = Optional.empty();
        try {
            toMonitor = Optional.of(Pipe.open(0));
            toGuest = Optional.of(Pipe.open(0));
            return new EmbeddedGuest(name, shared, guests, waker, toMonitor.get(), toGuest.get());
        } catch (ErrnoException e) {
            toMonitor.ifPresent(Pipe::close);
            toGuest.ifPresent(Pipe::close);
            waker.close();
            throw e;
        }
    }

    /**
     * The guest's library over this guest's control pipes, which are the session's from then on.
     *
     * @return a session; the caller closes it
     * @throws ErrnoException EMFILE or ENFILE at a limit
     * @throws IllegalStateException if the pipes were given away before
     */
    public ArcaSession session() throws ErrnoException {
        return ArcaSession.of(new Fd(replies.release()), new Fd(requests.release()), this);
    }

    /**
     * Where the guest writes its requests: for one that speaks the protocol itself.
     *
     * @return a blocking pipe end, which closes with this unless released
     */
    public Fd requests() {
        return requests;
    }

    /**
     * Where the guest reads the replies.
     *
     * @return a blocking pipe end, which closes with this unless released
     */
    public Fd replies() {
        return replies;
    }

    /** Takes a data pipe's ends, once; any thread. What is not taken closes with the session. */
    @Override
    public Ends take(int pipeId) throws IOException {
        Ends ends = untaken.remove(pipeId);
        if (ends == null) throw new IOException("no data pipe " + Integer.toUnsignedString(pipeId) + " waits here");
        return ends;
    }

    /**
     * Does what is ready now, and never waits: reads requests, accepts, relays. A peer that never stops sending does not
     * keep it here.
     *
     * @return whether there was anything to do
     */
    public boolean pumpOnce() {
        boolean any = false;
        for (int i = 0; i < MAX_ROUNDS && loop.reactor().step(0); i++) any = true;
        return any;
    }

    /** Pairs the AcceptRequests that wait with the connections that the kernel has; never waits. */
    public void pollAccepts() {
        loop.guest().pollAccepts();
    }

    /**
     * Serves until one more request has been answered; waits, without spinning, as long as that takes.
     *
     * @return true; false if the guest has ended, and will ask no more
     */
    public boolean serveOne() {
        long before = loop.guest().repliesSent();
        while (loop.guest().repliesSent() == before) {
            if (loop.guest().hasEnded()) return false;
            loop.reactor().step(-1);
        }
        return true;
    }

    /** Serves until the guest has ended: it has closed its session, and its last connection is over. */
    public void run() {
        while (!loop.guest().hasEnded()) loop.reactor().step(-1);
    }

    /**
     * Whether the guest has ended.
     *
     * @return true once it has closed its session, and its last connection is over
     */
    public boolean hasEnded() {
        return loop.guest().hasEnded();
    }

    /** Refuses what waits and what comes, and ends with the last connection: in the loop's next round. Any thread. */
    public void stop() {
        mailbox.post(() -> loop.guest().stop());
    }

    /** Closes everything that is left, the ends that were not taken too. By the thread that made it. */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        loop.close();
        requests.close();
        replies.close();
        guests.remove(this);
        waker.close(); // stop() may come later: a waker that is closed does nothing
    }
}
