package arca.monitor.server;

import static arca.bindings.Constants.MSG_PEEK;
import static arca.bindings.Constants.POLLIN;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_PASSRIGHTS;
import static arca.bindings.Constants.SO_SNDBUF;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.Poll;
import arca.bindings.Sockets;
import arca.bindings.Sockets.Credentials;
import arca.bindings.Syscalls;
import arca.monitor.config.GuestIdentity;
import arca.monitor.config.Profile;
import arca.monitor.guest.GuestLog;
import arca.monitor.guest.SharedResources;
import arca.monitor.ledger.GuestAccount;
import arca.monitor.ledger.PrincipalId;
import arca.monitor.observe.GuestEvent;
import arca.monitor.reactor.Waker;
import arca.monitor.server.WaitingGuests.Waiting;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts guests from the control socket and starts a thread for each. It reads nothing that guests send, and closes no socket
 * over which a guest may have sent descriptors.
 */
public final class ControlServer implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    /** Bytes; the kernel doubles it. It holds 16 replies with descriptors (768 bytes each, measured on 6.18). */
    private static final int SEND_BUFFER = 6144;

    private static final int LISTENER = 0;
    private static final int STOP = 1;
    private static final int RETRY_MILLIS = 10;
    private static final int MOST_AT_ONCE = 1024; // accepted before one of them starts

    private final ControlSocket socket;
    private final SharedResources shared;
    private final Guests guests;
    private final EventFd stop;
    private final Heartbeat heartbeat = new Heartbeat();
    private final PrivilegedUserCheck privileged = new PrivilegedUserCheck();
    private final RefusedSockets refusals;
    private final WaitingGuests waiting = new WaitingGuests();
    private MemorySegment peeked;
    private String name = "no guest"; // of the guest that came last
    private boolean hasRoom; // for the next guest
    private boolean crowded; // the log says that guests wait

    /**
     * Creates a server.
     *
     * @param socket the server closes it, once it runs
     * @param stop ends the server when it is signalled; the caller owns it
     */
    public ControlServer(ControlSocket socket, SharedResources shared, Guests guests, EventFd stop) {
        this.socket = socket;
        this.shared = shared;
        this.guests = guests;
        this.stop = stop;
        this.refusals = new RefusedSockets(socket);
    }

    @Override
    public void run() {
        try (Arena arena = Arena.ofConfined();
                socket;
                refusals) {
            peeked = arena.allocate(1);
            Poll poll = new Poll(arena, 2);
            poll.set(STOP, stop.fd().value(), POLLIN);
            poll.set(LISTENER, socket.listener().value(), POLLIN);
            while (true) {
                heartbeat.waits();
                poll.poll(refusals.mayBeOlder() || !waiting.isEmpty() ? 0 : -1);
                heartbeat.works();
                if ((poll.revents(LISTENER) != 0 || refusals.mayBeOlder()) && !acceptSome()) {
                    // There is no room. Guests stay in the backlog, and no event reports when there is room again.
                    poll.clear(LISTENER);
                    poll.poll(RETRY_MILLIS);
                    poll.set(LISTENER, socket.listener().value(), POLLIN);
                }
                if (poll.revents(STOP) != 0)
                    break; // those that wait see an end; in the backlog, they would see a reset
                if (!waiting.isEmpty()) startNext();
            }
            while (!waiting.isEmpty()) drop(waiting.remove());
        } catch (ErrnoException e) {
            throw new IllegalStateException("accepting guests", e);
        }
        heartbeat.waits(); // has ended as it should
    }

    public Heartbeat heartbeat() {
        return heartbeat;
    }

    /** Ends a server that was never run. The socket is still the caller's. */
    public void cancel() {
        refusals.close();
    }

    /** Accepts guests that wait. Returns false if there is no room for the next one now. */
    private boolean acceptSome() {
        try {
            for (int i = 0; i < MOST_AT_ONCE; i++) {
                assertRoom();
                Optional<Fd> guest = Sockets.accept(socket.listener(), SOCK_NONBLOCK);
                if (guest.isEmpty()) {
                    refusals.noneIsOlder();
                    return true;
                }
                crowded = false;
                welcome(guest.get());
            }
            return true;
        } catch (ErrnoException e) {
            if (!crowded) LOG.warn("guests wait to be let in: {}", e.getMessage());
            crowded = true;
            return false;
        }
    }

    /**
     * Fails unless there is room for what a guest needs, and unless the guest could be refused. A guest needs a socket, an
     * eventfd, an epoll descriptor, and the two files of /proc that the watchdog reads. A guest that waits in the backlog is
     * better off than one that is accepted and then refused. What is free now may still be taken a moment later. While guests are
     * refused, the room stays as it is, and is not looked for again.
     */
    private void assertRoom() throws ErrnoException {
        if (!refusals.hasRoom())
            throw new ErrnoException("the socket of a refused guest cannot be closed", Errno.EBUSY);
        if (hasRoom) return;
        try (EventFd _ = EventFd.open();
                EventFd _ = EventFd.open();
                EventFd _ = EventFd.open();
                EventFd _ = EventFd.open();
                EventFd _ = EventFd.open()) {
            hasRoom = true;
        }
    }

    private void welcome(Fd guest) {
        name = guests.nextName();
        GuestLog log = log(Syscalls.geteuid());
        try {
            Credentials by = Sockets.peerCredentials(guest);
            log = log(by.uid());
            GuestIdentity who = new GuestIdentity(by.pid(), by.uid(), by.gid(), socket.path());
            Profile profile = shared.profile(who);
            log = shared.log(name, profile, who.uid());
            privileged.check(log, who);
            if (isGone(guest)) {
                refusals.close(guest);
                return;
            }
            if (!log.user().takeGuestStart()) {
                log.report(new GuestEvent.TooManyStarts(who.pid(), who.uid()));
                refusals.close(guest);
                return;
            }
            int most = shared.limits(profile).guestsPerUid();
            Optional<GuestAccount> account = guests.reserve(SharedResources.principal(profile, who.uid()), most);
            if (account.isPresent()) {
                waiting.add(new Waiting(log, who, account.get(), guest));
            } else {
                log.report(new GuestEvent.TooManyGuests(who.pid(), who.uid()));
                refusals.close(guest);
            }
        } catch (ErrnoException e) {
            refuse(guest, log, e);
        } catch (RuntimeException e) { // a failure with this guest must not keep others out
            log.warn(() -> "refused, because the monitor failed: " + e);
            refusals.close(guest);
        }
    }

    /** Returns whether a guest has closed its socket and has sent nothing. */
    private boolean isGone(Fd guest) {
        return Syscalls.recv(guest.value(), peeked, MSG_PEEK) == 0;
    }

    /** Starts the guest whose turn it is, unless it is gone by now. */
    private void startNext() {
        Waiting guest = waiting.remove();
        if (isGone(guest.socket())) {
            drop(guest);
            return;
        }
        try {
            start(guest.log(), guest.who(), guest.account(), guest.socket());
        } catch (ErrnoException e) {
            refuse(guest.socket(), guest.log(), e);
        } catch (RuntimeException e) { // a failure with this guest must not keep others out
            guest.log().warn(() -> "refused, because the monitor failed: " + e);
            refusals.close(guest.socket()); // start() has given back the rest
        }
    }

    private void drop(Waiting guest) {
        refusals.close(guest.socket());
        guests.release(guest.account());
    }

    private void start(GuestLog log, GuestIdentity who, GuestAccount account, Fd guest) throws ErrnoException {
        hasRoom = false;
        Optional<Waker> waker = Optional.empty();
        boolean started = false;
        try {
            Sockets.setOption(guest, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
            // A guest that connected before this process had the listener does not have this option yet. Kernels before
            // 6.16 do not know it, which the log has said.
            if (!socket.refusesDescriptors()) Syscalls.setsockopt(guest.value(), SOL_SOCKET, SO_PASSRIGHTS, 0);
            waker = Optional.of(guests.waker());
            GuestThread thread = new GuestThread(log, who, shared, account, guest, waker.get(), this::ended);
            guests.add(thread);
            try {
                startBesideAnother(thread);
                started = true;
            } catch (OutOfMemoryError e) { // this is how the JDK reports that the kernel refuses a thread
                throw new ErrnoException(
                        "no thread for it: raise the limit of processes: pthread_create", Errno.EAGAIN);
            } finally {
                if (!started) guests.remove(thread);
            }
        } finally {
            if (!started) {
                waker.ifPresent(guests::pool);
                guests.release(account);
            }
        }
    }

    /**
     * Starts a guest's thread while a spare thread is alive, which then ends. So guests never take the last thread that the
     * system grants. The JVM handles a signal in a new thread, and SIGTERM must work at any number of guests.
     */
    private static void startBesideAnother(GuestThread guest) {
        CountDownLatch started = new CountDownLatch(1);
        Thread another = Thread.ofPlatform().name("spare").start(() -> awaitUninterrupted(started));
        try {
            guest.start();
        } finally {
            started.countDown();
            joinUninterrupted(another);
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts this thread", e);
        }
    }

    private static void joinUninterrupted(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts this thread", e);
        }
    }

    private void ended(GuestThread guest) {
        guests.remove(guest);
        guests.pool(guest.waker());
        guests.release(guest.account());
    }

    /** Returns the log of the guest that came last, on behalf of a user. */
    private GuestLog log(int uid) {
        return shared.log.of(name, shared.ledger.principal(new PrincipalId.User(uid)));
    }

    private void refuse(Fd guest, GuestLog log, ErrnoException why) {
        log.warn(() -> "refused: " + why.getMessage());
        refusals.close(guest);
    }
}
