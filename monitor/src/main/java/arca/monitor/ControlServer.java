package arca.monitor;

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
import java.lang.foreign.Arena;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes guests off the control socket and gives each a thread. It reads nothing of theirs and closes nothing that a guest
 * may have written to.
 */
final class ControlServer implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    /** Bytes; the kernel doubles it. It holds 16 replies with descriptors (768 bytes each, measured on 6.18). */
    private static final int SEND_BUFFER = 6144;

    private static final int LISTENER = 0;
    private static final int STOP = 1;
    private static final int RETRY_MILLIS = 10;

    private final ControlSocket socket;
    private final Shared shared;
    private final Guests guests;
    private final EventFd stop;
    private final Pulse pulse = new Pulse();
    private final OwnUser ownUser = new OwnUser();
    private long number; // of the last guest
    private boolean crowded; // it was said that guests wait

    ControlServer(ControlSocket socket, Shared shared, Guests guests, EventFd stop) {
        this.socket = socket;
        this.shared = shared;
        this.guests = guests;
        this.stop = stop;
    }

    @Override
    public void run() {
        try (Arena arena = Arena.ofConfined();
                socket) {
            Poll poll = new Poll(arena, 2);
            poll.set(STOP, stop.fd().value(), POLLIN);
            poll.set(LISTENER, socket.listener().value(), POLLIN);
            while (poll.revents(STOP) == 0) {
                pulse.waits();
                poll.poll(-1);
                pulse.works();
                if (poll.revents(LISTENER) != 0 && !accept()) {
                    // Out of descriptors: guests stay in the backlog, and no event tells when there is room again.
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

    Pulse pulse() {
        return pulse;
    }

    /** Takes one of those that wait; false where the system has no room for it. */
    private boolean accept() {
        try {
            assertRoom();
            Optional<Fd> guest = Sockets.accept(socket.listener(), SOCK_NONBLOCK);
            crowded = false;
            guest.ifPresent(this::welcome);
            return true;
        } catch (ErrnoException e) {
            if (!crowded) LOG.warn("guests wait to be let in: {}", e.getMessage());
            crowded = true;
            return false;
        }
    }

    /**
     * Fails unless there is room for what a guest needs: its socket, an eventfd, an epoll descriptor and a pidfd. One that
     * was accepted without could not wait any more; though what is free now may be another guest's a moment later.
     */
    private static void assertRoom() throws ErrnoException {
        try (EventFd _ = EventFd.open();
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
            ownUser.check(name, who);
            if (guests.reserve(who.uid())) start(name, who, guest);
            else refuse(guest, name, "too many guests (--max-guests, --max-guests-per-uid): pid " + who.pid());
        } catch (ErrnoException e) {
            refuse(guest, name, e.getMessage());
        }
    }

    private void start(String name, Credentials who, Fd guest) throws ErrnoException {
        Optional<EventFd> bell = Optional.empty();
        Optional<Fd> process = Optional.empty();
        try {
            Sockets.setOption(guest, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
            // One that connected to an inherited listener before it was ours has it yet to be set; no kernel before
            // 6.16
            // knows it, as was said then.
            if (!socket.refusesDescriptors()) Syscalls.setsockopt(guest.value(), SOL_SOCKET, SO_PASSRIGHTS, 0);
            bell = Optional.of(guests.bell());
            if (shared.config.wedge() == MonitorConfig.Wedge.KILL) process = process(guest);
            GuestThread thread = new GuestThread(name, who, shared, guest, process, bell.get(), this::ended);
            guests.add(thread);
            try {
                thread.start();
            } catch (OutOfMemoryError e) { // of the system, which has no room for a thread more
                guests.forget(thread);
                throw new ErrnoException("pthread_create", Errno.EAGAIN);
            }
        } catch (ErrnoException e) {
            process.ifPresent(Fd::close);
            bell.ifPresent(guests::pool);
            guests.release(who.uid());
            throw e;
        }
    }

    /** Whoever connected, by a descriptor and not by a number that may be another's by then; empty before Linux 6.5. */
    private static Optional<Fd> process(Fd guest) throws ErrnoException {
        try {
            return Optional.of(Sockets.peerPidFd(guest));
        } catch (ErrnoException e) {
            if (e.errno() == Errno.EMFILE || e.errno() == Errno.ENFILE) throw e;
            return Optional.empty(); // or it has been reaped by now
        }
    }

    private void ended(GuestThread guest) {
        guests.remove(guest);
        guests.pool(guest.bell());
        guests.release(guest.credentials().uid());
    }

    /** Closes a guest's socket unread: in a thread of its own where the close could wait without end. */
    private void refuse(Fd guest, String name, String why) {
        shared.complaints.warn(name, "refused: " + why);
        if (socket.refusesDescriptors()) guest.close();
        else Thread.ofPlatform().daemon().name("refused " + name).start(guest::close);
    }
}
