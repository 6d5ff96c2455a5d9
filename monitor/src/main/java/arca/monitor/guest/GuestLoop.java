package arca.monitor.guest;

import arca.bindings.ErrnoException;
import arca.monitor.config.GuestIdentity;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.reactor.Kernel;
import arca.monitor.reactor.LastCall;
import arca.monitor.reactor.Mailbox;
import arca.monitor.reactor.Reactor;
import arca.monitor.relay.MemoryBudget;
import arca.monitor.relay.Mover;
import java.util.function.BiFunction;

/**
 * Holds a guest and the loop that runs it, and owns what they need: the kernel interface, the reactor and the mover.
 * Only the thread that creates it may use it, except for {@link #lastCall}.
 */
public final class GuestLoop implements AutoCloseable {
    private final Kernel kernel;
    private final Reactor reactor;
    private final Mover mover;
    private final Guest guest;

    /**
     * Creates a guest and its loop, which has not run yet.
     *
     * @param who decides which policy holds for the guest
     * @param log has the guest's name
     * @param account what the guest takes of the things that guests share; the caller closes it, after the loop
     * @param mailbox how other threads reach the loop
     * @param channel creates the guest's channel, which the guest then owns
     * @throws ErrnoException EMFILE, ENFILE, ENOMEM or ENOSPC if the loop cannot be created. Nothing is open then
     */
    public GuestLoop(
            GuestIdentity who,
            GuestLog log,
            SharedResources shared,
            GuestAccount account,
            Mailbox mailbox,
            BiFunction<Kernel, Reactor, ControlChannel> channel)
            throws ErrnoException {
        this(who, log, shared, account, mailbox, shared.kernels.get(), channel);
    }

    GuestLoop(
            GuestIdentity who,
            GuestLog log,
            SharedResources shared,
            GuestAccount account,
            Mailbox mailbox,
            Kernel kernel,
            BiFunction<Kernel, Reactor, ControlChannel> channel)
            throws ErrnoException {
        this.kernel = kernel;
        Reactor loop;
        try {
            loop = switch (shared.config.readiness()) {
                case EPOLL -> Reactor.onEpoll(kernel, mailbox);
                case POLL -> Reactor.onPoll(kernel, mailbox);
            };
        } catch (ErrnoException e) {
            kernel.close();
            throw e;
        }
        this.reactor = loop;
        MemoryBudget memory = new CopyMemory(account);
        this.mover = switch (shared.config.relay()) {
            case SPLICE -> Mover.splicing(kernel, memory);
            case COPY -> Mover.copying(kernel, memory);
        };
        ControlChannel made = channel.apply(kernel, reactor);
        try {
            this.guest = new Guest(who, log, shared, account, reactor, mover, made);
        } catch (ErrnoException e) {
            made.close();
            closeLoop();
            throw e;
        }
    }

    public Guest guest() {
        return guest;
    }

    public Reactor reactor() {
        return reactor;
    }

    /** Returns the system call that the loop is in. Any thread. */
    public LastCall lastCall() {
        return kernel.lastCall();
    }

    /** Closes everything that the guest still has, then the loop. */
    @Override
    public void close() {
        try {
            guest.close();
        } finally {
            closeLoop();
        }
    }

    private void closeLoop() {
        mover.close();
        reactor.close();
        kernel.close();
    }
}
