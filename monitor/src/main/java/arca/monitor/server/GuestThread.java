package arca.monitor.server;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.ProcFile;
import arca.bindings.Syscalls;
import arca.monitor.config.GuestIdentity;
import arca.monitor.guest.GuestLog;
import arca.monitor.guest.GuestLoop;
import arca.monitor.guest.SharedResources;
import arca.monitor.guest.UnixSocketChannel;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.observe.GuestSnapshot;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.LastCall;
import arca.monitor.reactor.Mailbox;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Waker;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one guest of a control socket in a thread of its own. Other threads reach it only through its mailbox, and never touch
 * a descriptor of the guest.
 */
public final class GuestThread implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(GuestThread.class);
    private static final long STACK = 256 * 1024; // bytes

    private final GuestLog log;
    private final GuestIdentity who;
    private final SharedResources shared;
    private final GuestAccount account;
    private final Mailbox mailbox;
    private final Waker waker;
    private final Consumer<GuestThread> onEnd;
    private final Fd socket;
    private GuestLoop loop; // only this thread uses it
    private volatile Optional<InKernel> inKernel = Optional.empty();
    private volatile int tid;

    /**
     * What other threads may read about the thread at any time.
     *
     * @param state its state in the kernel
     * @param reactor tells whether it waits for events
     * @param lastCall the call that it is in
     */
    record InKernel(ThreadState state, Reactor reactor, LastCall lastCall) {}

    /**
     * Creates the thread of a guest that has connected.
     *
     * @param log has the guest's name
     * @param account what the guest takes of the things that guests share; the thread uses it until it calls {@code onEnd}
     * @param socket its control socket; the thread owns it once it has started
     * @param waker wakes the thread's loop; stays open as long as that runs
     * @param onEnd the thread calls it last of all
     */
    public GuestThread(
            GuestLog log,
            GuestIdentity who,
            SharedResources shared,
            GuestAccount account,
            Fd socket,
            Waker waker,
            Consumer<GuestThread> onEnd) {
        this.log = log;
        this.who = who;
        this.shared = shared;
        this.account = account;
        this.socket = socket;
        this.waker = waker;
        this.mailbox = new Mailbox(waker);
        this.onEnd = onEnd;
    }

    /**
     * Starts the thread. Throws an OutOfMemoryError if the system refuses a thread; the socket is then still the caller's.
     */
    public void start() {
        new Thread(null, this, "guest " + name(), STACK, false).start();
    }

    public String name() {
        return log.guest();
    }

    public GuestIdentity who() {
        return who;
    }

    GuestLog log() {
        return log;
    }

    GuestAccount account() {
        return account;
    }

    Waker waker() {
        return waker;
    }

    @Override
    public void run() {
        tid = Syscalls.gettid();
        LOG.debug("{}: begins: pid {}, uid {}", name(), who.pid(), who.uid());
        try {
            serve();
            LOG.debug("{}: ended", name());
        } catch (ErrnoException e) {
            log.warn(() -> "refused: " + e.getMessage());
        } catch (Throwable e) {
            // The failure concerns only this guest. An OutOfMemoryError of the heap would have ended the process.
            LOG.error("{}: ended, because the monitor failed", name(), e);
        } finally {
            inKernel = Optional.empty();
            onEnd.accept(this);
        }
    }

    private void serve() throws ErrnoException {
        try (Fd owned = socket;
                ThreadState state = ThreadState.ofThisThread();
                GuestLoop guestLoop = new GuestLoop(
                        who,
                        log,
                        shared,
                        account,
                        mailbox,
                        (kernel, reactor) -> new UnixSocketChannel(kernel, new Descriptor(reactor, owned.release())))) {
            loop = guestLoop;
            inKernel = Optional.of(new InKernel(state, guestLoop.reactor(), guestLoop.lastCall()));
            while (!guestLoop.guest().hasEnded()) guestLoop.reactor().step(-1);
        }
    }

    // By other threads.

    /** Refuses the guest's waiting requests. Its loop ends with its last connection. */
    public void stop() {
        mailbox.post(() -> loop.guest().stop());
    }

    /** Judges what the guest has by the policy that is in force now. */
    public void reviewPolicy() {
        mailbox.post(() -> loop.guest().reviewPolicy());
    }

    /** Closes everything of the guest at once. */
    public void kill() {
        mailbox.post(() -> loop.guest().close());
    }

    /** Asks what the guest has and has done. Its loop answers; after the loop has ended, no answer comes. */
    public CompletableFuture<GuestSnapshot.Counts> ask() {
        CompletableFuture<GuestSnapshot.Counts> answer = new CompletableFuture<>();
        mailbox.post(() -> answer.complete(loop.guest().counts()));
        return answer;
    }

    /**
     * Returns how much processor time the thread has used: the first number of its schedstat file, see
     * Documentation/scheduler/sched-stats.rst. Zero if the kernel does not count it, or the thread does not run.
     */
    public Duration cpu() {
        try {
            String[] counts =
                    ProcFile.read("/proc/self/task/" + tid + "/schedstat").split(" ");
            return Duration.ofNanos(Long.parseLong(counts[0]));
        } catch (IOException e) {
            return Duration.ZERO;
        }
    }

    /** Returns what tells whether the thread is stuck; empty before it runs and after. */
    Optional<InKernel> inKernel() {
        return inKernel;
    }
}
