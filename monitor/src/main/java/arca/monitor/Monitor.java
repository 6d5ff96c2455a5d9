package arca.monitor;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.monitor.config.ControlPoint;
import arca.monitor.config.DescriptorLimitException;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.Headroom;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.config.PipeAllowance;
import arca.monitor.config.Profiles;
import arca.monitor.config.SystemLimit;
import arca.monitor.guest.SharedResources;
import arca.monitor.guest.SplicePermission;
import arca.monitor.ledger.Ledger;
import arca.monitor.ledger.LocalPorts;
import arca.monitor.ledger.Resource;
import arca.monitor.lookup.Lookups;
import arca.monitor.observe.GuestSnapshot;
import arca.monitor.server.Acceptors;
import arca.monitor.server.ControlSocket;
import arca.monitor.server.DescriptorReserve;
import arca.monitor.server.GuestThread;
import arca.monitor.server.Guests;
import arca.monitor.server.Heartbeat;
import arca.monitor.server.Watchdog;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
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
    private final Acceptors acceptors;
    private final DescriptorReserve spare; // the watchdog owns them once it runs
    private final Thread watchdog;
    private final Heartbeat heartbeat; // of the watchdog
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
        this.spare = DescriptorReserve.take();
        this.guests = new Guests(shared.ledger);
        this.acceptors = new Acceptors(shared, guests);
        Watchdog watcher = new Watchdog(guests, config.wedge(), spare);
        this.watchdog = Thread.ofPlatform().daemon().name("watchdog").unstarted(watcher);
        this.heartbeat = watcher.heartbeat();
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
                        limits.copyMemory(),
                        Resource.LOOKUPS,
                        (long) Lookups.THREADS),
                ports,
                limits.requestRate(),
                limits.share(),
                System::nanoTime);
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
        return start(config, Optional.empty());
    }

    /**
     * Starts a monitor on a control socket that listens already, such as one that systemd has passed to this process.
     * Who created the socket decides who may connect to it, and removes its file.
     *
     * @param config the monitor's configuration; its control sockets are opened, too
     * @param control a Unix-domain stream socket that listens; the monitor owns it from now on, even if this throws
     * @return the running monitor; the caller closes it
     * @throws DescriptorLimitException if this process may not open enough descriptors for even one guest
     * @throws IOException if {@code control} is not such a socket, or the system has no descriptor, memory or thread
     *     left
     */
    public static Monitor start(MonitorConfig config, Fd control) throws IOException {
        try {
            Headroom.requireOneGuest();
        } catch (IOException | RuntimeException e) {
            control.close();
            throw e;
        }
        return start(config, Optional.of(ControlSocket.inherited(control)));
    }

    /**
     * Starts a monitor, and does not check whether there is room for a guest. If this throws, it closes the socket.
     *
     * @param passed a control socket besides those of the configuration
     */
    static Monitor start(MonitorConfig config, Optional<ControlSocket> passed) throws IOException {
        List<ControlSocket> fixed = new ArrayList<>(passed.stream().toList());
        boolean started = false;
        try {
            if (config.control().isPresent()) {
                fixed.add(ControlSocket.open(config.control().get(), config.access()));
            }
            boolean isShared = !fixed.isEmpty() || !config.controls().isEmpty();
            Monitor monitor = new Monitor(isShared ? config : unshared(config));
            monitor.startThreads(fixed);
            started = true;
            return monitor;
        } finally {
            if (!started) fixed.forEach(ControlSocket::close);
        }
    }

    /** Without a control socket, all guests are of this process and its user, so there is nobody to share with. */
    private static MonitorConfig unshared(MonitorConfig config) {
        return config.toBuilder()
                .limits(config.limits().toBuilder().share(100).build())
                .build();
    }

    /** Starts the watchdog and the acceptors, or none of them. Removes the sockets that the acceptors own by then from the list. */
    private void startThreads(List<ControlSocket> fixed) throws IOException {
        boolean started = false;
        try {
            startWatchdog();
            acceptors.replace(config.controls(), () -> {});
            while (!fixed.isEmpty()) {
                acceptors.add(fixed.getFirst());
                fixed.removeFirst();
            }
            started = true;
        } finally {
            if (!started) {
                acceptors.stop();
                guests.close(); // this ends the watchdog, if it runs
                if (watchdog.getState() == Thread.State.NEW) spare.close();
                else join(watchdog); // which closes it
            }
        }
    }

    private void startWatchdog() throws IOException {
        try {
            watchdog.start();
        } catch (OutOfMemoryError e) { // Thread.start() throws it if the kernel refuses a thread
            throw new IOException(
                    "start the monitor's threads: the kernel refuses a thread; raise the limit of processes (ulimit -u,"
                            + " TasksMax=)",
                    e);
        }
    }

    /**
     * Replaces what holds for each guest, and the control sockets of {@link MonitorConfig#controls}. All or nothing: if a socket
     * cannot be opened, nothing changes.
     *
     * <p>Requests that are handled from now on are decided by the new profiles. A request that is being handled is decided by the old
     * ones or by the new ones. What guests have is judged again, in their own loops: what the new profiles deny is reported, and
     * ended if the guest's profile says so. A guest keeps its name, and its connections count for the principal that it had when it
     * came.
     *
     * <p>New control sockets are opened. Those that are no longer in the list are closed and removed; their guests go on. A socket
     * that stays is not touched, unless who may connect has changed.
     *
     * @param profiles the new profiles
     * @param controls the new control sockets; those in {@link MonitorConfig#control} or passed to {@link #start} stay
     * @throws IOException if a control socket cannot be opened
     * @throws IllegalStateException if the monitor has been stopped
     */
    public void replace(Profiles profiles, List<ControlPoint> controls) throws IOException {
        acceptors.replace(controls, () -> shared.profiles(profiles));
        guests.live().forEach(GuestThread::reviewPolicy);
        embedded.all().forEach(EmbeddedGuest::reviewPolicy);
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
     * Returns whether the acceptors and the watchdog work. Each of these threads must wait for something to do, or have
     * waited since the last call. For a supervisor that checks the monitor regularly, at intervals of a second or more.
     *
     * @return false if one of these threads is stuck; true if not, or if the monitor has stopped
     */
    public boolean isResponsive() {
        boolean watches = heartbeat.beats();
        return acceptors.areResponsive() && watches;
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
        acceptors.stop();
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
        shared.lookups.close();
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
