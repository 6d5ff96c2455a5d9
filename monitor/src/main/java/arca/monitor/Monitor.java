package arca.monitor;

import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.Sockets.Credentials;
import arca.monitor.config.DescriptorLimitException;
import arca.monitor.config.Headroom;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.config.PipeAllowance;
import arca.monitor.guest.GuestCounts;
import arca.monitor.guest.SharedResources;
import arca.monitor.guest.SplicePermission;
import arca.monitor.server.ControlServer;
import arca.monitor.server.ControlSocket;
import arca.monitor.server.GuestThread;
import arca.monitor.server.Guests;
import arca.monitor.server.Pulse;
import arca.monitor.server.SpareDescriptors;
import arca.monitor.server.Watchdog;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A monitor: a control socket that guests connect to, a thread for each guest, and a watchdog. It runs until it is
 * stopped. Any thread may call its methods.
 *
 * <pre>{@code
 * MonitorConfig config = MonitorConfig.DEFAULT.withControl(path).withPolicy(policy);
 * try (Monitor monitor = Monitor.start(config)) {
 *     // guests come and go
 *     monitor.stop();
 * }
 * }</pre>
 */
public final class Monitor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Monitor.class);
    private static final Duration TO_CLOSE =
            Duration.ofSeconds(2); // what threads need that nothing holds up, and the watchdog for one
    private static final Duration TO_ANSWER = Duration.ofMillis(250);

    private final MonitorConfig config;
    private final Guests guests;
    private final SharedResources shared;
    private final EventFd stop;
    private final SpareDescriptors spare; // the watchdog's, once that runs
    private final Thread watchdog;
    private final List<Pulse> pulses = new CopyOnWriteArrayList<>(); // of its own threads, which are no guest's
    private Optional<Thread> acceptor = Optional.empty();
    private final EmbeddedGuests embedded = new EmbeddedGuests();
    private final AtomicLong lastEmbedded = new AtomicLong(); // its number
    private boolean closed;
    private boolean interrupted; // while it stopped; the thread that stopped it is told when all is done

    private Monitor(MonitorConfig wanted) throws IOException {
        this.config = SplicePermission.checked(wanted);
        this.guests = new Guests(config.limits());
        PipeAllowance pipes = PipeAllowance.of(config.limits().pipeMemory());
        pipes.unknown().forEach(fact -> LOG.warn("{}", fact));
        this.shared = new SharedResources(config, pipes.bytes());
        this.stop = EventFd.open();
        this.spare = take(stop);
        Watchdog looksOn = new Watchdog(guests, config.wedge(), shared.log, spare);
        this.watchdog = Thread.ofPlatform().daemon().name("watchdog").unstarted(looksOn);
        pulses.add(looksOn.pulse());
    }

    private static SpareDescriptors take(EventFd opened) throws ErrnoException {
        try {
            return SpareDescriptors.take();
        } catch (ErrnoException e) {
            opened.close();
            throw e;
        }
    }

    /**
     * Starts a monitor. Its control socket, if it has one, can be connected to when this returns.
     *
     * @param config what it is to be like
     * @return the monitor, running
     * @throws DescriptorLimitException if this process may have too few descriptors to let even one guest in
     * @throws IOException if the control socket's path is in use or cannot be used, or the system has no room
     */
    public static Monitor start(MonitorConfig config) throws IOException {
        Headroom.requireOneGuest();
        Optional<Path> path = config.control();
        return start(
                config,
                path.isPresent() ? Optional.of(ControlSocket.open(path.get(), config.access())) : Optional.empty());
    }

    /**
     * Starts a monitor whose control socket listens already: one that was inherited, as from systemd. Who may connect is
     * then its maker's business, and its file stays.
     *
     * @param config what it is to be like, without a control socket of its own
     * @param control a Unix-domain stream socket that listens; the monitor's from now on, also where this throws
     * @return the monitor, running
     * @throws DescriptorLimitException if this process may have too few descriptors to let even one guest in
     * @throws IOException if it is no such socket, or the system has no room
     */
    public static Monitor start(MonitorConfig config, Fd control) throws IOException {
        try {
            if (config.control().isPresent()) throw new IllegalArgumentException("two control sockets");
            Headroom.requireOneGuest();
        } catch (IOException | RuntimeException e) {
            control.close();
            throw e;
        }
        return start(config, Optional.of(ControlSocket.inherited(control)));
    }

    /** Starts one whatever room there is for guests; the control socket is closed where this throws. */
    static Monitor start(MonitorConfig config, Optional<ControlSocket> control) throws IOException {
        boolean started = false;
        try {
            Monitor monitor = new Monitor(config);
            monitor.startThreads(control);
            started = true;
            return monitor;
        } finally {
            if (!started) control.ifPresent(ControlSocket::close);
        }
    }

    /** Starts both threads, or none; the control socket is the acceptor's only then. */
    private void startThreads(Optional<ControlSocket> control) throws IOException {
        Optional<ControlServer> server = Optional.empty();
        try {
            watchdog.start();
            if (control.isPresent()) {
                server = Optional.of(new ControlServer(control.get(), shared, guests, stop));
                pulses.add(server.get().pulse());
                acceptor = Optional.of(Thread.ofPlatform().name("acceptor").start(server.get()));
            }
        } catch (OutOfMemoryError e) { // the system's answer to a thread too many
            server.ifPresent(ControlServer::cancel);
            guests.close(); // the watchdog ends, if it runs
            if (watchdog.getState() == Thread.State.NEW) spare.close();
            stop.close();
            throw new IOException("no thread can be started: raise the limit of processes (ulimit -u, TasksMax=)", e);
        }
    }

    /**
     * A guest in this process, whose loop the calling thread drives from now on. It does not count as one of the
     * {@link Limits}' guests.
     *
     * @return the guest; the caller closes it
     * @throws ErrnoException EMFILE or ENFILE at a limit
     * @throws IllegalStateException if the monitor was stopped
     */
    public EmbeddedGuest embed() throws ErrnoException {
        EmbeddedGuest guest = EmbeddedGuest.open("e" + lastEmbedded.incrementAndGet(), shared, embedded);
        if (embedded.add(guest)) return guest;
        guest.close();
        throw new IllegalStateException("the monitor was stopped");
    }

    /**
     * Who the guests of the control socket are, and what they have. Each guest's own loop is asked; it takes no longer than
     * 250 ms, whatever the loops do.
     *
     * @return those that run, in the order in which they came
     * @throws InterruptedException if the thread is interrupted while it waits
     */
    public List<GuestSnapshot> snapshot() throws InterruptedException {
        Map<GuestThread, CompletableFuture<GuestCounts>> asked = new LinkedHashMap<>();
        for (GuestThread guest : guests.live()) asked.put(guest, guest.ask());
        long deadline = System.nanoTime() + TO_ANSWER.toNanos();
        List<GuestSnapshot> answered = new ArrayList<>();
        for (var entry : asked.entrySet()) {
            GuestThread guest = entry.getKey();
            Credentials who = guest.credentials();
            Optional<GuestCounts> counts = await(entry.getValue(), deadline);
            if (counts.isEmpty() && !guests.live().contains(guest)) continue; // it has ended since
            answered.add(new GuestSnapshot(
                    guest.name(), who.pid(), who.uid(), guest.cpu(), counts.map(GuestSnapshot.Counts::of)));
        }
        return answered;
    }

    private static <T> Optional<T> await(CompletableFuture<T> answer, long deadline) throws InterruptedException {
        try {
            return Optional.of(answer.get(Math.max(deadline - System.nanoTime(), 0), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new AssertionError("an answer is never a failure", e);
        }
    }

    /**
     * Tells whether the monitor's own threads work: the one that lets guests in and the one that watches them. Each must
     * wait for something to do, or have waited since this was last called. It is for a supervisor that wants to hear again
     * and again that the monitor lives, and asks for that at intervals of a second or more.
     *
     * @return false if one of them is stuck; true, too, once the monitor has stopped
     */
    public boolean isResponsive() {
        boolean all = true;
        for (Pulse pulse : pulses) all &= pulse.beats();
        return all;
    }

    /**
     * Stops: no more guests are let in, listeners close, waiting and new requests are refused with ESHUTDOWN, and
     * connections go on until they end or the drain time of the configuration is over. Then everything closes, as by
     * {@link #close}. Embedded guests are told, but not waited for: whoever embeds them drives them to their end. An
     * interrupt ends the drain time.
     */
    public void stop() {
        stop(config.drain());
    }

    /**
     * Stops at once: connections that are live are cut, also where {@link #stop} waits for them in another thread. It
     * returns when everything is closed that can be.
     */
    @Override
    public void close() {
        guests.cut();
        stop(Duration.ZERO);
    }

    private synchronized void stop(Duration drain) {
        if (closed) return;
        closed = true;
        stop.signal();
        acceptor.ifPresent(this::join);
        stop.close();
        LOG.info("stopping: {} guests", guests.live().size());
        embedded.stop().forEach(EmbeddedGuest::stop);
        guests.live().forEach(GuestThread::stop);
        if (!awaitEnd(() -> guests.awaitDrained(drain.toNanos()))) {
            List<GuestThread> left = guests.live();
            LOG.info("{} guests have not ended; what they have is cut", left.size());
            left.forEach(GuestThread::kill);
            if (!awaitEnd(() -> guests.awaitNone(TO_CLOSE.toNanos()))) reportStuck();
        }
        guests.close();
        join(watchdog);
        if (interrupted) Thread.currentThread().interrupt();
    }

    /** Waits for the guests' end, for a time: whether that has come. */
    @FunctionalInterface
    private interface Wait {
        boolean isOver() throws InterruptedException;
    }

    /** Whether all guests have ended after a wait. An interrupt ends the wait. */
    private boolean awaitEnd(Wait wait) {
        try {
            return wait.isOver();
        } catch (InterruptedException e) {
            interrupted = true;
            return false;
        }
    }

    /** Waits for a thread that was told to end, and that no guest can hold up. */
    private void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            interrupted = true;
            join(thread);
        }
    }

    /** A process whose thread waits in the kernel without end cannot wholly go: exit(2) waits for it too. */
    private void reportStuck() {
        for (GuestThread guest : guests.live()) {
            LOG.error(
                    "{}: does not end: end the process that holds its pipe locked, pid {}, uid {}",
                    guest.name(),
                    guest.credentials().pid(),
                    guest.credentials().uid());
        }
    }
}
