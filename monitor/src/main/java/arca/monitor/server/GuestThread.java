package arca.monitor.server;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.ProcFile;
import arca.bindings.Sockets.Credentials;
import arca.bindings.Syscalls;
import arca.monitor.guest.GuestLoop;
import arca.monitor.guest.SharedResources;
import arca.monitor.guest.UnixSocketChannel;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.LastCall;
import arca.monitor.reactor.Mailbox;
import arca.monitor.reactor.Reactor;
import arca.monitor.reactor.Waker;
import arca.monitor.snapshot.GuestSnapshot;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that runs one guest of a control socket. Other threads reach it by its mailbox alone, and never touch a
 * descriptor of the guest's.
 */
public final class GuestThread implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(GuestThread.class);
    private static final long STACK = 256 * 1024; // bytes

    private final String name;
    private final Credentials credentials;
    private final SharedResources shared;
    private final Mailbox mailbox;
    private final Waker waker;
    private final Consumer<GuestThread> onEnd;
    private final Fd socket;
    private GuestLoop loop; // this thread's own
    private volatile Optional<InKernel> inKernel = Optional.empty();
    private volatile int tid;

    /**
     * What others may know of the thread at any time.
     *
     * @param state what the kernel says of it
     * @param reactor tells whether it waits for events
     * @param lastCall the call that it is in
     */
    record InKernel(ThreadState state, Reactor reactor, LastCall lastCall) {}

    /**
     * A guest that has connected.
     *
     * @param socket its control socket, owned by the thread once it has started
     * @param waker wakes the thread's loop; stays open as long as that runs
     * @param onEnd told by the thread, last of all
     */
    public GuestThread(
            String name,
            Credentials credentials,
            SharedResources shared,
            Fd socket,
            Waker waker,
            Consumer<GuestThread> onEnd) {
        this.name = name;
        this.credentials = credentials;
        this.shared = shared;
        this.socket = socket;
        this.waker = waker;
        this.mailbox = new Mailbox(waker);
        this.onEnd = onEnd;
    }

    /**
     * Starts the thread; an OutOfMemoryError says that the system has no room for it, and the socket stays the
     * caller's.
     */
    public void start() {
        new Thread(null, this, "guest " + name, STACK, false).start();
    }

    public String name() {
        return name;
    }

    public Credentials credentials() {
        return credentials;
    }

    Waker waker() {
        return waker;
    }

    @Override
    public void run() {
        tid = Syscalls.gettid();
        LOG.debug("{}: begins: pid {}, uid {}", name, credentials.pid(), credentials.uid());
        try {
            serve();
            LOG.debug("{}: ended", name);
        } catch (ErrnoException e) {
            shared.log.warn(name, "refused: " + e.getMessage());
        } catch (Throwable e) {
            // Whatever is wrong, it is wrong with this guest alone; an OutOfMemoryError of the heap has ended the
            // process.
            LOG.error("{}: ended by a fault of the monitor's", name, e);
        } finally {
            inKernel = Optional.empty();
            onEnd.accept(this);
        }
    }

    private void serve() throws ErrnoException {
        try (Fd owned = socket;
                ThreadState state = ThreadState.ofThisThread();
                GuestLoop guestLoop = new GuestLoop(
                        name,
                        shared,
                        mailbox,
                        (kernel, reactor) -> new UnixSocketChannel(kernel, new Descriptor(reactor, owned.release())))) {
            loop = guestLoop;
            inKernel = Optional.of(new InKernel(state, guestLoop.reactor(), guestLoop.lastCall()));
            while (!guestLoop.guest().hasEnded()) guestLoop.reactor().step(-1);
        }
    }

    // By other threads.

    /** Has the guest's waiting requests refused, and its loop end with its last connection. */
    public void stop() {
        mailbox.post(() -> loop.guest().stop());
    }

    /** Has everything of the guest's closed at once. */
    public void kill() {
        mailbox.post(() -> loop.guest().close());
    }

    /** Asks what the guest has and has done. The loop's thread answers; nobody does once the loop has ended. */
    public CompletableFuture<GuestSnapshot.Counts> ask() {
        CompletableFuture<GuestSnapshot.Counts> answer = new CompletableFuture<>();
        mailbox.post(() -> answer.complete(loop.guest().counts()));
        return answer;
    }

    /**
     * What the thread has used of a processor, which the kernel counts in nanoseconds: the first number of schedstat,
     * see Documentation/scheduler/sched-stats.rst. None where the kernel does not count, or the thread does not run.
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

    /** How to see whether it is stuck; empty while there is nothing to see. */
    Optional<InKernel> inKernel() {
        return inKernel;
    }
}
