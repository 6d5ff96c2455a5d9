package arca.monitor;

import arca.bindings.Constants;
import arca.bindings.Errno;
import arca.bindings.Fd;
import arca.bindings.Syscalls;
import arca.monitor.reactor.Reactor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks on while guests' threads run, and finds one that its guest keeps from running: whoever holds a pipe's lock makes
 * every call on its other end wait without end, in state D, so that not even SIGKILL ends it. Such a call was still out at
 * three looks, and its thread in that state at the last two. It touches no descriptor of a guest's; the pidfds it kills by
 * are its own.
 */
final class Watchdog implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    private static final long LOOK_MILLIS = 250;

    /** What was seen of a loop at the last look. */
    private static final class Seen {
        private long turn = -1;
        private int uninterruptible; // looks on this turn at which the thread was in state D
        private boolean reported;
    }

    private final Guests guests;
    private final MonitorConfig.Wedge wedge;
    private final Pulse pulse = new Pulse();
    private final Map<GuestThread, Seen> seen = new HashMap<>();

    Watchdog(Guests guests, MonitorConfig.Wedge wedge) {
        this.guests = guests;
        this.wedge = wedge;
    }

    @Override
    public void run() {
        while (!awaitClosed()) look();
        guests.takeEnded().forEach(guest -> guest.process().ifPresent(Fd::close));
        pulse.waits(); // has ended as it should
    }

    private boolean awaitClosed() {
        pulse.waits();
        boolean closed = guests.awaitClosed(LOOK_MILLIS);
        pulse.works();
        return closed;
    }

    Pulse pulse() {
        return pulse;
    }

    private void look() {
        guests.takeEnded().forEach(guest -> guest.process().ifPresent(Fd::close));
        Collection<GuestThread> live = guests.live();
        seen.keySet().retainAll(live);
        for (GuestThread guest : live) {
            guest.reactor().ifPresent(reactor -> look(guest, reactor, seen.computeIfAbsent(guest, _ -> new Seen())));
        }
    }

    private void look(GuestThread guest, Reactor reactor, Seen last) {
        long turn = reactor.turn();
        if (reactor.waits() || turn != last.turn) {
            if (last.reported) LOG.warn("{}: runs again", guest.name());
            last.turn = turn;
            last.uninterruptible = 0;
            last.reported = false;
        } else if (!last.reported) {
            last.uninterruptible = isUninterruptible(guest.tid()) ? last.uninterruptible + 1 : 0;
            if (last.uninterruptible == 2) {
                last.reported = true;
                report(guest);
            }
        }
    }

    /** Whether a thread is in state D: proc(5), /proc/pid/stat; the name before the state may have any character in it. */
    private static boolean isUninterruptible(int tid) {
        try {
            String stat = Files.readString(Path.of("/proc/self/task/" + tid + "/stat"));
            return stat.startsWith(") D", stat.lastIndexOf(')'));
        } catch (IOException e) {
            return false; // the thread has ended since
        }
    }

    private void report(GuestThread guest) {
        int pid = guest.credentials().pid();
        LOG.warn(
                "{}: wedged: its thread waits for a pipe that the guest holds locked (pid {}, uid {}); only the end of that"
                        + " process frees it{}",
                guest.name(),
                pid,
                guest.credentials().uid(),
                wedge == MonitorConfig.Wedge.KILL ? "" : ": kill it, or start with --wedge kill");
        if (wedge == MonitorConfig.Wedge.KILL) kill(guest, pid);
    }

    private static void kill(GuestThread guest, int pid) {
        Optional<Fd> process = guest.process();
        int n = process.isPresent()
                ? Syscalls.pidfd_send_signal(process.get().value(), Constants.SIGKILL)
                : -Errno.ESRCH;
        if (n == 0) LOG.warn("{}: killed pid {}", guest.name(), pid);
        else LOG.warn("{}: pid {} cannot be killed: {}", guest.name(), pid, Errno.describe(-n));
    }
}
