package arca.monitor.server;

import arca.bindings.Sockets.Credentials;
import arca.bindings.Syscalls;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warns, once, of a guest that has the monitor's own user id, or root's: the kernel does not keep such a process from
 * the monitor, nor from other guests. A process that the monitor's own process has started, or is, needs no warning:
 * whoever wrote that program chose the user. One thread.
 */
final class OwnUser {
    private static final Logger LOG = LoggerFactory.getLogger(OwnUser.class);
    private static final int ROOT = 0;

    private boolean said;

    /** Looks at a guest that has come. */
    void check(String guest, Credentials who) {
        if (said || who.uid() != ROOT && who.uid() != Syscalls.geteuid() || isOfThisProcess(who.pid())) return;
        said = true;
        LOG.warn(
                "{}: pid {} runs as uid {}, {}: it can end the monitor, and read and change what other guests of that user"
                        + " send. Run guests as another user, and let them in with --control-group (said once)",
                guest,
                who.pid(),
                Integer.toUnsignedString(who.uid()),
                who.uid() == Syscalls.geteuid() ? "as the monitor does" : "which is root");
    }

    private static boolean isOfThisProcess(int pid) {
        long own = ProcessHandle.current().pid();
        Optional<Long> parent =
                ProcessHandle.of(pid).flatMap(ProcessHandle::parent).map(ProcessHandle::pid);
        return pid == own || parent.equals(Optional.of(own));
    }
}
