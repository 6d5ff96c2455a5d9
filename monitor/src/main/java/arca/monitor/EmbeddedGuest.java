package arca.monitor;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.bindings.Syscalls;
import arca.control.guest.ArcaSession;
import arca.control.guest.DataPipes;
import arca.monitor.config.GuestIdentity;
import arca.monitor.guest.GuestLoop;
import arca.monitor.guest.PipePairChannel;
import arca.monitor.guest.SharedResources;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.ledger.PrincipalId;
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
 * A guest in the monitor's own process, with its event loop. The caller drives the loop. The control channel is two
 * kernel pipes, and the guest takes its data pipes by their pipe_id. The monitor trusts an embedded guest: the watchdog
 * does not watch its loop.
 *
 * <p>The loop runs only while its thread, the one that called {@link Monitor#embed}, is in {@link #run},
 * {@link #pumpOnce}, {@link #serveOne} or {@link #pollAccepts}. Only that thread may call these four, {@link #hasEnded}
 * and {@link #close}. A call that waits for the loop, such as any call of the {@link #session}, belongs on another
 * thread.
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

    private final GuestAccount account;
    private final EmbeddedGuests guests;
    private final Waker waker;
    private final Mailbox mailbox;
    private final Map<Integer, Ends> untaken = new ConcurrentHashMap<>();
    private final Fd requests;
    private final Fd replies;
    private final GuestLoop loop;
    private boolean closed;

    private EmbeddedGuest(
            String name,
            SharedResources shared,
            GuestAccount account,
            EmbeddedGuests guests,
            Waker waker,
            Pipe toMonitor,
            Pipe toGuest)
            throws ErrnoException {
        this.account = account;
        this.guests = guests;
        this.waker = waker;
        this.mailbox = new Mailbox(waker);
        this.requests = toMonitor.writer();
        this.replies = toGuest.reader();
        toMonitor.reader().nonBlocking(true);
        toGuest.writer().nonBlocking(true);
        this.loop = new GuestLoop(
                new GuestIdentity(Syscalls.getpid(), Syscalls.geteuid(), Syscalls.getegid(), Optional.empty()),
                shared.log.of(name, account.principal()),
                shared,
                account,
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
        GuestAccount account = shared.ledger.open(new PrincipalId.User(Syscalls.geteuid()));
        Optional<Waker> waker = Optional.empty();
        Optional<Pipe> toMonitor = Optional.empty();
        Optional<Pipe> toGuest = Optional.empty();
        try {
            waker = Optional.of(Waker.open());
            toMonitor = Optional.of(Pipe.open(0));
            toGuest = Optional.of(Pipe.open(0));
            return new EmbeddedGuest(name, shared, account, guests, waker.get(), toMonitor.get(), toGuest.get());
        } catch (ErrnoException e) {
            toMonitor.ifPresent(Pipe::close);
            toGuest.ifPresent(Pipe::close);
            waker.ifPresent(Waker::close);
            account.close();
            throw e;
        }
    }

    /**
     * Opens a session of the guest's library on the control pipes. To be called once.
     *
     * @return a session, which now owns the control pipes; the caller closes it
     * @throws ErrnoException EMFILE or ENFILE at a limit
     * @throws IllegalStateException if the control pipes have been given away, or are closed
     */
    public ArcaSession session() throws ErrnoException {
        return ArcaSession.of(new Fd(replies.release()), new Fd(requests.release()), this);
    }

    /**
     * Returns the pipe end to which the guest writes its requests. For a guest that does not use {@link #session}.
     *
     * @return a blocking pipe end; {@link #close} closes it, unless the caller releases it before
     */
    public Fd requests() {
        return requests;
    }

    /**
     * Returns the pipe end from which the guest reads the replies. For a guest that does not use {@link #session}.
     *
     * @return a blocking pipe end; {@link #close} closes it, unless the caller releases it before
     */
    public Fd replies() {
        return replies;
    }

    /**
     * Takes the guest's ends of a data pipe. Any thread; never waits. Ends that nobody has taken are closed when the
     * control channel ends.
     *
     * @param pipeId the pipe_id that a reply has named, u32
     * @return the ends, which the caller now owns
     * @throws IOException if no data pipe of that number is here, or its ends were taken before
     */
    @Override
    public Ends take(int pipeId) throws IOException {
        Ends ends = untaken.remove(pipeId);
        if (ends == null)
            throw new IOException("take data pipe " + Integer.toUnsignedString(pipeId)
                    + ": no reply has named it, or its ends were taken before");
        return ends;
    }

    /**
     * Does what is ready now: reads requests, accepts connections, moves bytes. Never waits, and returns after at most
     * 64 rounds of the loop, even if a peer never stops sending.
     *
     * @return whether there was anything to do
     */
    public boolean pumpOnce() {
        boolean any = false;
        for (int i = 0; i < MAX_ROUNDS && loop.reactor().step(0); i++) any = true;
        return any;
    }

    /** Accepts the connections in the backlogs for which an AcceptRequest waits. Never waits. */
    public void pollAccepts() {
        loop.guest().pollAccepts();
    }

    /**
     * Runs the loop until at least one more reply has been sent, or the guest has ended. Waits for events in between.
     *
     * @return true if a reply has been sent; false if the guest has ended
     */
    public boolean serveOne() {
        long before = loop.guest().repliesSent();
        while (loop.guest().repliesSent() == before) {
            if (loop.guest().hasEnded()) return false;
            loop.reactor().step(-1);
        }
        return true;
    }

    /** Runs the loop until the guest has ended: its session is closed, and its last connection has ended. */
    public void run() {
        while (!loop.guest().hasEnded()) loop.reactor().step(-1);
    }

    /**
     * Returns whether the guest has ended.
     *
     * @return true once its session is closed and its last connection has ended
     */
    public boolean hasEnded() {
        return loop.guest().hasEnded();
    }

    /** Judges what the guest has by the policy that is in force then, in the loop's next round. */
    void reviewPolicy() {
        mailbox.post(() -> loop.guest().reviewPolicy());
    }

    /**
     * Makes the guest end with its last connection. In the loop's next round, requests that wait are refused with
     * ESHUTDOWN, and from then on all others. Any thread; never waits.
     */
    public void stop() {
        mailbox.post(() -> loop.guest().stop());
    }

    /**
     * Closes everything that the guest still has, its loop, and data pipes that nobody has taken. A peer that has not
     * received everything is reset.
     */
    @Override
    public void close() {
        if (closed) return;
        closed = true;
        loop.close();
        account.close();
        requests.close();
        replies.close();
        guests.remove(this);
        waker.close(); // stop() may still be called: a closed waker does nothing
    }
}
