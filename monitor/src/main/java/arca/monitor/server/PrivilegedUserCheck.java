package arca.monitor.server;

import arca.bindings.Syscalls;
import arca.monitor.config.GuestIdentity;
import arca.monitor.guest.GuestLog;
import arca.monitor.observe.GuestEvent;
import java.util.Optional;

/**
 * Reports the first guest that runs as the monitor's own user or as root. The kernel does not keep such a process away from
 * the monitor, nor from other guests of that user. A process that the monitor's own process has started, or is, is not
 * reported: whoever wrote that program chose the user. One thread.
 */
final class PrivilegedUserCheck {
    private static final int ROOT = 0;

    private boolean reported;

    /** Checks a guest that has connected. */
    void check(GuestLog guest, GuestIdentity who) {
        boolean isOwn = who.uid() == Syscalls.geteuid();
        if (reported || who.uid() != ROOT && !isOwn || isOfThisProcess(who.pid())) return;
        reported = guest.report(new GuestEvent.PrivilegedUser(who.pid(), who.uid(), isOwn));
    }

    private static boolean isOfThisProcess(int pid) {
        long own = ProcessHandle.current().pid();
        Optional<Long> parent =
                ProcessHandle.of(pid).flatMap(ProcessHandle::parent).map(ProcessHandle::pid);
        return pid == own || parent.equals(Optional.of(own));
    }
}
