package arca.monitor.server;

import arca.bindings.EventFd;
import arca.monitor.config.ControlPoint;
import arca.monitor.guest.SharedResources;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The threads that let guests in: one for each control socket. Any thread may call any method. */
public final class Acceptors {
    private static final Logger LOG = LoggerFactory.getLogger(Acceptors.class);

    private final SharedResources shared;
    private final Guests guests;
    private final List<Acceptor> fixed = new ArrayList<>();
    private final Map<ControlPoint, Acceptor> replaceable = new LinkedHashMap<>();
    private boolean stopped;

    /** A thread, and what ends it. */
    private record Acceptor(ControlSocket socket, ControlServer server, EventFd stop, Thread thread) {
        /** Ends the thread, which closes the socket. */
        void end() {
            stop.signal();
            joinUninterrupted(thread);
            stop.close();
        }
    }

    /** Holds threads back until nothing can fail any more. */
    private static final class Gate {
        private final CountDownLatch open = new CountDownLatch(1);

        void open() {
            open.countDown();
        }

        /** Returns an action that runs once the gate is open. */
        Runnable before(Runnable action) {
            return () -> {
                awaitOpen();
                action.run();
            };
        }

        private void awaitOpen() {
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new AssertionError("nobody interrupts this thread", e);
            }
        }
    }

    /** Creates a set without sockets. */
    public Acceptors(SharedResources shared, Guests guests) {
        this.shared = shared;
        this.guests = guests;
    }

    /**
     * Lets guests in from a socket, until {@link #stop}.
     *
     * @param socket the set owns it from now on, unless this throws
     * @throws IOException if there is no descriptor or thread for it
     */
    public synchronized void add(ControlSocket socket) throws IOException {
        Gate gate = new Gate();
        fixed.add(start(socket, gate));
        gate.open();
    }

    /** Starts the thread of a socket, which then owns it. */
    private Acceptor start(ControlSocket socket, Gate gate) throws IOException {
        EventFd stop = EventFd.open();
        Optional<ControlServer> server = Optional.empty();
        boolean started = false;
        try {
            ControlServer made = new ControlServer(socket, shared, guests, stop);
            server = Optional.of(made);
            Thread thread = Thread.ofPlatform().name("acceptor").start(gate.before(made));
            started = true;
            return new Acceptor(socket, made, stop, thread);
        } catch (OutOfMemoryError e) { // Thread.start() throws it if the kernel refuses a thread
            throw new IOException(
                    "start the thread of a control socket: the kernel refuses a thread; raise the limit of processes"
                            + " (ulimit -u, TasksMax=)",
                    e);
        } finally {
            if (!started) {
                server.ifPresent(ControlServer::cancel);
                stop.close();
            }
        }
    }

    /**
     * Lets guests in from these sockets, and no longer from others that an earlier call has named; those of {@link #add} stay. A
     * socket that stays is not touched, unless who may connect has changed. All or nothing: if one socket cannot be opened, then
     * nothing changes.
     *
     * @param commit runs when nothing can fail any more, before a new socket lets a guest in
     * @throws IOException if a socket cannot be opened
     * @throws IllegalStateException after {@link #stop}
     */
    public synchronized void replace(List<ControlPoint> points, Runnable commit) throws IOException {
        if (stopped) throw new IllegalStateException("open control sockets: the monitor has been stopped");
        Map<Path, ControlPoint> before = new LinkedHashMap<>();
        replaceable.keySet().forEach(point -> before.put(point.path(), point));
        Map<ControlPoint, Acceptor> after = new LinkedHashMap<>();
        List<ControlPoint> changed = new ArrayList<>();
        List<Acceptor> opened = new ArrayList<>();
        Gate gate = new Gate();
        boolean done = false;
        try {
            for (ControlPoint point : points) {
                ControlPoint same = before.get(point.path());
                if (same == null) {
                    Acceptor acceptor = open(point, gate);
                    opened.add(acceptor);
                    after.put(point, acceptor);
                } else {
                    Acceptor acceptor = replaceable.get(same);
                    after.put(point, acceptor);
                    if (same.equals(point)) continue;
                    changed.add(same);
                    acceptor.socket().access(point.access());
                }
            }
            commit.run();
            done = true;
        } finally {
            if (!done) opened.forEach(acceptor -> acceptor.stop().signal()); // so that no guest is let in
            gate.open();
            if (!done) {
                opened.forEach(Acceptor::end);
                changed.forEach(this::restore);
            }
        }
        for (Acceptor acceptor : replaceable.values()) if (!after.containsValue(acceptor)) acceptor.end();
        replaceable.clear();
        replaceable.putAll(after);
    }

    private Acceptor open(ControlPoint point, Gate gate) throws IOException {
        ControlSocket socket = ControlSocket.open(point.path(), point.access());
        boolean started = false;
        try {
            Acceptor acceptor = start(socket, gate);
            started = true;
            return acceptor;
        } finally {
            if (!started) socket.close();
        }
    }

    private void restore(ControlPoint point) {
        try {
            replaceable.get(point).socket().access(point.access());
        } catch (IOException e) { // the caller learns of another failure, which came first
            LOG.error("{}: cannot restore who may connect: {}", point.path(), e.getMessage());
        }
    }

    /** Lets no more guests in, closes the sockets, and waits for the threads. */
    public synchronized void stop() {
        stopped = true;
        fixed.forEach(Acceptor::end);
        replaceable.values().forEach(Acceptor::end);
        fixed.clear();
        replaceable.clear();
    }

    /** Returns whether each thread waits for guests, or has done so since the last call. */
    public synchronized boolean areResponsive() {
        boolean all = true;
        for (Acceptor acceptor : fixed) all &= acceptor.server().heartbeat().beats();
        for (Acceptor acceptor : replaceable.values())
            all &= acceptor.server().heartbeat().beats();
        return all;
    }

    /** Waits for the end of a thread that no guest can delay. */
    private static void joinUninterrupted(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) Thread.currentThread().interrupt();
    }
}
