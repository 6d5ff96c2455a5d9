package arca.monitor.server;

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
import arca.monitor.event.GuestEvent;
import arca.monitor.guest.SharedResources;
import arca.monitor.reactor.Waker;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes guests off the control socket and gives each a thread. It reads nothing of theirs and closes nothing that a
 * guest may have written to.
 */
public final class ControlServer implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    /** Bytes; the kernel doubles it. It holds 16 replies with descriptors (768 bytes each, measured on 6.18). */
    private static final int SEND_BUFFER = 6144;

    private static final int LISTENER = 0;
    private static final int STOP = 1;
    private static final int RETRY_MILLIS = 10;

    private final ControlSocket socket;
    private final SharedResources shared;
    private final Guests guests;
    private final EventFd stop;
    private final Pulse pulse = new Pulse();
    private final PrivilegedUserCheck privileged;
    private final Refusals refusals;
    private long number; // of the last guest
    private boolean crowded; // it was said that guests wait

    /**
     * A server that has not begun.
     *
     * @param socket closes with it, once it has begun
     * @param stop the caller's, who ends it by a signal
     */
    public ControlServer(ControlSocket socket, SharedResources shared, Guests guests, EventFd stop) {
        this.socket = socket;
        this.shared = shared;
        this.guests = guests;
        this.stop = stop;
        this.refusals = new Refusals(socket);
        this.privileged = new PrivilegedUserCheck(shared.log);
    }

    @Override
    public void run() {
        try (Arena arena = Arena.ofConfined();
                socket;
                refusals) {
            Poll poll = new Poll(arena, 2);
            poll.set(STOP, stop.fd().value(), POLLIN);
            poll.set(LISTENER, socket.listener().value(), POLLIN);
            while (poll.revents(STOP) == 0) {
                pulse.waits();
                poll.poll(refusals.mayBeOlder() ? 0 : -1);
                pulse.works();
                if ((poll.revents(LISTENER) != 0 || refusals.mayBeOlder()) && !accept()) {
                    // No room: guests stay in the backlog, and no event tells when there is some.
                    poll.clear(LISTENER);
                    poll.poll(RETRY_MILLIS);
                    poll.set(LISTENER, socket.listener().value(), POLLIN);
                }
            }
        } catch (ErrnoException e) {
            throw new IllegalStateException("accepting guests", e);
        }
        pulse.waits(); // has ended as it should
    }

    public Pulse pulse() {
        return pulse;
    }

    /** Ends a server that never begins; the socket stays its maker's. */
    public void cancel() {
        refusals.close();
    }

    /** Takes one of those that wait; false where there is no room for it now. */
    private boolean accept() {
        try {
            assertRoom();
            Optional<Fd> guest = Sockets.accept(socket.listener(), SOCK_NONBLOCK);
            if (guest.isPresent()) crowded = false;
            else refusals.noneIsOlder();
            guest.ifPresent(this::welcome);
            return true;
        } catch (ErrnoException e) {
            if (!crowded) LOG.warn("guests wait to be let in: {}", e.getMessage());
            crowded = true;
            return false;
        } catch (RuntimeException e) { // a fault of ours with this guest: the others' is to be let in
            shared.log.warn("g" + number, "not let in, by a fault of the monitor's: " + e);
            return false;
        }
    }

    /**
     * Fails unless there is room for what a guest needs: its socket, an eventfd, an epoll descriptor, and what the
     * watchdog looks at, two files of /proc. One that was accepted without could not wait any more; though what is free
     * now may be another guest's a moment later. And unless it could be refused.
     */
    private void assertRoom() throws ErrnoException {
        if (!refusals.hasRoom())
            throw new ErrnoException("the socket of a refused guest cannot be closed", Errno.EBUSY);
        try (EventFd _ = EventFd.open();
                EventFd _ = EventFd.open();
                EventFd _ = EventFd.open();
                EventFd _ = EventFd.open();
                EventFd _ = EventFd.open()) {
            return;
        }
    }

    private void welcome(Fd guest) {
        String name = "g" + ++number;
        try {
            Credentials who = Sockets.peerCredentials(guest);
            privileged.check(name, who);
            if (guests.reserve(who.uid())) start(name, who, guest);
            else {
                shared.log.report(name, new GuestEvent.TooManyGuests(who.pid(), who.uid()));
                refusals.close(guest);
            }
        } catch (ErrnoException e) {
            refuse(guest, name, e.getMessage());
        }
    }

    private void start(String name, Credentials who, Fd guest) throws ErrnoException {
        Optional<Waker> waker = Optional.empty();
        boolean started = false;
        try {
            Sockets.setOption(guest, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
            // One that connected before the listener was ours has it yet to be set; no kernel before 6.16 knows it, as
            // was said then.
            if (!socket.refusesDescriptors()) Syscalls.setsockopt(guest.value(), SOL_SOCKET, SO_PASSRIGHTS, 0);
            waker = Optional.of(guests.waker());
            GuestThread thread = new GuestThread(name, who, shared, guest, waker.get(), this::ended);
            guests.add(thread);
            try {
                startBesideAnother(thread);
                started = true;
            } catch (OutOfMemoryError e) { // the system's answer to a thread too many
                throw new ErrnoException(
                        "no thread for it: raise the limit of processes: pthread_create", Errno.EAGAIN);
            } finally {
                if (!started) guests.remove(thread);
            }
        } finally {
            if (!started) {
                waker.ifPresent(guests::pool);
                guests.release(who.uid());
            }
        }
    }

    /**
     * Starts a guest's thread while another one is alive that ends then. So guests never take the last thread that the
     * system grants: the JVM handles a signal in a new thread, and SIGTERM must work while there are as many guests as
     * can be.
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
        guests.release(guest.credentials().uid());
    }

    private void refuse(Fd guest, String name, String why) {
        shared.log.warn(name, "refused: " + why);
        refusals.close(guest);
    }
}
