package arca.monitor;

import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.monitor.config.DescriptorLimitException;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.Headroom;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.config.PipeAllowance;
import arca.monitor.config.SystemLimit;
import arca.monitor.guest.SharedResources;
import arca.monitor.guest.SplicePermission;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.LocalPorts;
import arca.monitor.ledger.Resource;
import arca.monitor.observe.GuestSnapshot;
import arca.monitor.server.ControlServer;
import arca.monitor.server.ControlSocket;
import arca.monitor.server.DescriptorReserve;
import arca.monitor.server.GuestThread;
import arca.monitor.server.Guests;
import arca.monitor.server.Heartbeat;
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
 * A running monitor. It has a control socket to which guests connect, a thread for each guest, and a watchdog that
 * watches these threads. It runs until {@link #stop} or {@link #close}. Any thread may call any method.
 *
 * <pre>{@code
 * MonitorConfig config = MonitorConfig.builder().control(path).policy(policy).build();
 * try (Monitor monitor = Monitor.start(config)) {
 *     // guests come and go
 *     monitor.stop();
 * }
 * }</pre>
 */
public final class Monitor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Monitor.class);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2); // for the guests' threads and the watchdog
    private static final Duration ANSWER_TIMEOUT = Duration.ofMillis(250);

    private final MonitorConfig config;
    private final Guests guests;
    private final PipeAllowance pipes;
    private final SharedResources shared;
    private final EventFd stop;
    private final DescriptorReserve spare; // the watchdog owns them once it runs
    private final Thread watchdog;
    private final List<Heartbeat> heartbeats = new CopyOnWriteArrayList<>(); // of the acceptor and the watchdog
    private Optional<Thread> acceptor = Optional.empty();
    private final EmbeddedGuests embedded = new EmbeddedGuests();
    private final AtomicLong lastEmbedded = new AtomicLong(); // the number in its name
    private boolean closed;
    private boolean interrupted; // during stop(), which sets the thread's interrupt status again at its end

    private Monitor(MonitorConfig wanted) throws IOException {
        this.config = SplicePermission.checked(wanted);
        this.pipes = PipeAllowance.of(config.limits().pipeMemory());
        pipes.unknown().forEach(fact -> LOG.warn("{}", fact));
        LocalPorts ports = LocalPorts.find();
        ports.unknown().forEach(fact -> LOG.warn("{}", fact));
        this.shared = new SharedResources(config, ledger(config.limits(), pipes, ports));
        this.stop = EventFd.open();
        this.spare = takeSpare(stop);
        this.guests = new Guests(shared.ledger);
        Watchdog watcher = new Watchdog(guests, config.wedge(), spare);
        this.watchdog = Thread.ofPlatform().daemon().name("watchdog").unstarted(watcher);
        heartbeats.add(watcher.heartbeat());
    }

    private static Ledger ledger(Limits limits, PipeAllowance pipes, LocalPorts ports) throws ErrnoException {
        return new Ledger(
                Map.of(
                        Resource.GUESTS,
                        (long) limits.guests(),
                        Resource.ORPHANS,
                        (long) limits.guests(),
                        Resource.DESCRIPTORS,
                        Headroom.descriptorsForGuests(),
                        Resource.PIPE_BYTES,
                        pipes.bytes(),
                        Resource.COPY_BYTES,
                        limits.copyMemory()),
                ports,
                limits.requestRate(),
                limits.share(),
                System::nanoTime);
    }

    private static DescriptorReserve takeSpare(EventFd opened) throws ErrnoException {
        try {
            return DescriptorReserve.take();
        } catch (ErrnoException e) {
            opened.close();
            throw e;
        }
    }

    /**
     * Starts a monitor. If it has a control socket, guests can connect to it when this method returns.
     *
     * @param config the monitor's configuration
     * @return the running monitor; the caller closes it
     * @throws DescriptorLimitException if this process may not open enough descriptors for even one guest
     * @throws IOException if the control socket cannot be created, for example because its path is in use; or if the
     *     system has no descriptor, memory or thread left
     */
    public static Monitor start(MonitorConfig config) throws IOException {
        Headroom.requireOneGuest();
        Optional<Path> path = config.control();
        return start(
                config,
                path.isPresent() ? Optional.of(ControlSocket.open(path.get(), config.access())) : Optional.empty());
    }

    /**
     * Starts a monitor on a control socket that listens already, such as one that systemd has passed to this process.
     * Who created the socket decides who may connect to it, and removes its file.
     *
     * @param config the monitor's configuration, without a control socket
     * @param control a Unix-domain stream socket that listens; the monitor owns it from now on, even if this throws
     * @return the running monitor; the caller closes it
     * @throws DescriptorLimitException if this process may not open enough descriptors for even one guest
     * @throws IOException if {@code control} is not such a socket, or the system has no descriptor, memory or thread
     *     left
     * @throws IllegalArgumentException if the configuration has a control socket, too
     */
    public static Monitor start(MonitorConfig config, Fd control) throws IOException {
        try {
            if (config.control().isPresent())
                throw new IllegalArgumentException("the configuration has a control socket ("
                        + config.control().get() + "), and another one was passed: use one of them");
            Headroom.requireOneGuest();
        } catch (IOException | RuntimeException e) {
            control.close();
            throw e;
        }
        return start(config, Optional.of(ControlSocket.inherited(control)));
    }

    /** Starts a monitor, and does not check whether there is room for a guest. If this throws, it closes the socket. */
    static Monitor start(MonitorConfig config, Optional<ControlSocket> control) throws IOException {
        boolean started = false;
        try {
            Monitor monitor = new Monitor(control.isPresent() ? config : unshared(config));
            monitor.startThreads(control);
            started = true;
            return monitor;
        } finally {
            if (!started) control.ifPresent(ControlSocket::close);
        }
    }

    /** Without a control socket, all guests are of this process and its user, so there is nobody to share with. */
    private static MonitorConfig unshared(MonitorConfig config) {
        return config.toBuilder()
                .limits(config.limits().toBuilder().share(100).build())
                .build();
    }

    /** Starts the watchdog and the acceptor, or none of them. If both run, the acceptor owns the control socket. */
    private void startThreads(Optional<ControlSocket> control) throws IOException {
        Optional<ControlServer> server = Optional.empty();
        try {
            watchdog.start();
            if (control.isPresent()) {
                server = Optional.of(new ControlServer(control.get(), shared, guests, stop));
                heartbeats.add(server.get().heartbeat());
                acceptor = Optional.of(Thread.ofPlatform().name("acceptor").start(server.get()));
            }
        } catch (OutOfMemoryError e) { // Thread.start() throws it if the kernel refuses a thread
            server.ifPresent(ControlServer::cancel);
            guests.close(); // this ends the watchdog, if it runs
            if (watchdog.getState() == Thread.State.NEW) spare.close();
            stop.close();
            throw new IOException(
                    "start the monitor's threads: the kernel refuses a thread; raise the limit of processes (ulimit -u,"
                            + " TasksMax=)",
                    e);
        }
    }

    /**
     * Finds limits of the system that are too low for the {@link Limits} of this monitor: for descriptors, for what pipes hold,
     * and for threads. The monitor runs all the same. At such a limit, a request fails with EMFILE or ENFILE, pipes are small, or
     * a guest is refused.
     *
     * @return the limits that are too low; empty if everything fits
     * @throws IOException if the limit of descriptors cannot be read
     */
    public List<SystemLimit> shortfalls() throws IOException {
        return Headroom.shortfalls(config, grant(Resource.DESCRIPTORS), pipes, grant(Resource.PIPE_BYTES));
    }

    private Headroom.Grant grant(Resource resource) {
        return new Headroom.Grant(shared.ledger.total(resource), shared.ledger.share(resource));
    }

    /**
     * Creates a guest in this process. The calling thread must drive its loop. The guest does not count towards the
     * guests of {@link Limits}. What its connections and listeners take counts towards the share of this process's own user, see
     * {@link Limits#share}. If the monitor has no control socket, this user may have everything.
     *
     * @return the guest; the caller closes it, in the same thread
     * @throws ErrnoException EMFILE or ENFILE at a limit
     * @throws IllegalStateException if the monitor has been stopped
     */
    public EmbeddedGuest embed() throws ErrnoException {
        EmbeddedGuest guest = EmbeddedGuest.open("e" + lastEmbedded.incrementAndGet(), shared, embedded);
        if (embedded.add(guest)) return guest;
        guest.close();
        throw new IllegalStateException("embed a guest: the monitor has been stopped");
    }

    /**
     * Describes the guests that are connected to the control socket, without embedded guests. Asks the loop of each
     * guest, and waits for all answers together 250 ms at most.
     *
     * @return one snapshot for each guest, in the order in which the guests connected
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public List<GuestSnapshot> snapshot() throws InterruptedException {
        Map<GuestThread, CompletableFuture<GuestSnapshot.Counts>> asked = new LinkedHashMap<>();
        for (GuestThread guest : guests.live()) asked.put(guest, guest.ask());
        long deadline = System.nanoTime() + ANSWER_TIMEOUT.toNanos();
        List<GuestSnapshot> answered = new ArrayList<>();
        for (var entry : asked.entrySet()) {
            GuestThread guest = entry.getKey();
            GuestIdentity who = guest.who();
            Optional<GuestSnapshot.Counts> counts = await(entry.getValue(), deadline);
            if (counts.isEmpty() && !guests.live().contains(guest)) continue; // it has ended meanwhile
            answered.add(new GuestSnapshot(guest.name(), who.pid(), who.uid(), guest.cpu(), counts));
        }
        return answered;
    }

    private static <T> Optional<T> await(CompletableFuture<T> answer, long deadline) throws InterruptedException {
        try {
            return Optional.of(answer.get(Math.max(deadline - System.nanoTime(), 0), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new AssertionError("a guest's loop never answers with an exception", e);
        }
    }

    /**
     * Returns whether the acceptor and the watchdog work. Each of these threads must wait for something to do, or have
     * waited since the last call. For a supervisor that checks the monitor regularly, at intervals of a second or more.
     *
     * @return false if one of the two threads is stuck; true if not, or if the monitor has stopped
     */
    public boolean isResponsive() {
        boolean all = true;
        for (Heartbeat heartbeat : heartbeats) all &= heartbeat.beats();
        return all;
    }

    /**
     * Stops the monitor. No more guests are let in, listeners close, and requests that wait or come later are refused
     * with ESHUTDOWN. Connections go on until they end, or until the drain time of the configuration is over. Then
     * everything is closed, as by {@link #close}.
     *
     * <p>Embedded guests are told to stop, but this method does not wait for them: their callers drive them to their
     * end. If the calling thread is interrupted, the drain time is over, and the thread's interrupt status is set at
     * the end.
     */
    public void stop() {
        stop(config.drain());
    }

    /**
     * Stops the monitor at once, and cuts live connections, even if {@link #stop} waits for them in another thread.
     * Returns when everything is closed. A guest whose thread is stuck in the kernel is waited for 2 s; then the log
     * names it.
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
            LOG.info("the drain time is over: {} guests have not ended, their connections are cut", left.size());
            left.forEach(GuestThread::kill);
            if (!awaitEnd(() -> guests.awaitNone(CLOSE_TIMEOUT.toNanos()))) reportStuck();
        }
        guests.close();
        join(watchdog);
        if (interrupted) Thread.currentThread().interrupt();
    }

    /** Waits for the end of the guests, but not forever. */
    @FunctionalInterface
    private interface Wait {
        /** Returns whether the guests have ended. */
        boolean allEnded() throws InterruptedException;
    }

    /** Waits, and returns whether all guests have ended. An interrupt ends the wait. */
    private boolean awaitEnd(Wait wait) {
        try {
            return wait.allEnded();
        } catch (InterruptedException e) {
            interrupted = true;
            return false;
        }
    }

    /** Waits for the end of a thread that no guest can delay. */
    private void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            interrupted = true;
            join(thread);
        }
    }

    /**
     * Logs the guests that are stuck: until their threads leave the kernel, this process cannot exit: exit_group(2).
     */
    private void reportStuck() {
        for (GuestThread guest : guests.live()) {
            LOG.error(
                    "{}: does not end: a process holds the lock of one of its pipes; kill that process; the guest is pid"
                            + " {}, uid {}",
                    guest.name(),
                    guest.who().pid(),
                    guest.who().uid());
        }
    }
}
