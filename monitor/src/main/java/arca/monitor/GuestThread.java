package arca.monitor;

import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.ProcFile;
import arca.bindings.Sockets.Credentials;
import arca.bindings.Syscalls;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Mailbox;
import arca.monitor.reactor.Reactor;
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
final class GuestThread implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(GuestThread.class);
    private static final long STACK = 256 * 1024; // bytes

    private final String name;
    private final Credentials credentials;
    private final Shared shared;
    private final Mailbox mailbox;
    private final EventFd bell;
    private final Consumer<GuestThread> onEnd;
    private final Fd socket;
    private final Optional<Fd> process;
    private volatile GuestLoop loop; // other threads use what it says of its turns, and nothing else
    private volatile int tid;

    /**
     * A guest that has connected.
     *
     * @param socket its control socket, owned by the thread once it has started
     * @param process a pidfd of whoever connected, the watchdog's
     * @param bell an eventfd that stays open as long as the monitor runs
     * @param onEnd told by the thread, last of all
     */
    GuestThread(
            String name,
            Credentials credentials,
            Shared shared,
            Fd socket,
            Optional<Fd> process,
            EventFd bell,
            Consumer<GuestThread> onEnd) {
        this.name = name;
        this.credentials = credentials;
        this.shared = shared;
        this.socket = socket;
        this.process = process;
        this.bell = bell;
        this.mailbox = new Mailbox(bell.fd().value(), bell::signal);
        this.onEnd = onEnd;
    }

    /** Starts the thread; an OutOfMemoryError says that the system has no room for it, and the socket stays the caller's. */
    void start() {
        new Thread(null, this, "guest " + name, STACK, false).start();
    }

    String name() {
        return name;
    }

    Credentials credentials() {
        return credentials;
    }

    Optional<Fd> process() {
        return process;
    }

    EventFd bell() {
        return bell;
    }

    @Override
    public void run() {
        tid = Syscalls.gettid();
        LOG.debug("{}: begins: pid {}, uid {}", name, credentials.pid(), credentials.uid());
        try {
            serve();
            LOG.debug("{}: ended", name);
        } catch (ErrnoException e) {
            LOG.warn("{}: refused: {}", name, e.getMessage());
        } catch (Throwable e) {
            // Whatever is wrong, it is wrong with this guest alone; an OutOfMemoryError of the heap has ended the
            // process.
            LOG.error("{}: ended by a fault of the monitor's", name, e);
        } finally {
            loop = null;
            onEnd.accept(this);
        }
    }

    private void serve() throws ErrnoException {
        try (Fd owned = socket;
                GuestLoop guestLoop = new GuestLoop(
                        name,
                        shared,
                        mailbox,
                        (kernel, reactor) -> new UnixSocketChannel(kernel, new Descriptor(reactor, owned.release())))) {
            loop = guestLoop;
            while (!guestLoop.guest().hasEnded()) guestLoop.reactor().step(-1);
        }
    }

    // By other threads.

    /** Has the guest's waiting requests refused, and its loop end with its last connection. */
    void stop() {
        mailbox.post(() -> loop.guest().stop());
    }

    /** Has everything of the guest's closed at once. */
    void kill() {
        mailbox.post(() -> loop.guest().close());
    }

    /** Asks what the guest has and has done. The loop's thread answers; nobody does once the loop has ended. */
    CompletableFuture<GuestSnapshot.Counts> ask() {
        CompletableFuture<GuestSnapshot.Counts> answer = new CompletableFuture<>();
        mailbox.post(() -> answer.complete(loop.guest().counts()));
        return answer;
    }

    /**
     * What the thread has used of a processor, which the kernel counts in nanoseconds: the first number of schedstat, see
     * Documentation/scheduler/sched-stats.rst. None where the kernel does not count, or the thread does not run.
     */
    Duration cpu() {
        try {
            String[] counts =
                    ProcFile.read("/proc/self/task/" + tid + "/schedstat").split(" ");
            return Duration.ofNanos(Long.parseLong(counts[0]));
        } catch (IOException e) {
            return Duration.ZERO;
        }
    }

    /** The thread's id, 0 before it runs. */
    int tid() {
        return tid;
    }

    /** The loop's number of rounds, and whether it waits; empty while there is none. */
    Optional<Reactor> reactor() {
        GuestLoop now = loop;
        return now == null ? Optional.empty() : Optional.of(now.reactor());
    }
}
