package arca.monitor.guest;

import static arca.bindings.Constants.SPLICE_F_NONBLOCK;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Pipe;
import arca.bindings.Syscalls;
import arca.monitor.config.MonitorConfig;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out whether this process may use splice(2). A seccomp filter can refuse it. */
public final class SplicePermission {
    private static final Logger LOG = LoggerFactory.getLogger(SplicePermission.class);

    private SplicePermission() {}

    /**
     * Returns a configuration that works here. If it asks for splice(2) and the kernel refuses that, it is changed to
     * copying, and a warning is logged.
     *
     * @throws IOException EMFILE or ENFILE if there is no room for the two pipes of a trial
     */
    public static MonitorConfig checked(MonitorConfig config) throws IOException {
        if (config.relay() != MonitorConfig.RelayMode.SPLICE) return config;
        int errno = trySplice();
        if (errno == Errno.EAGAIN) return config;
        LOG.warn(
                "splice failed in a trial: {}: the monitor copies bytes instead, which costs more CPU; allow splice(2) in the"
                        + " seccomp filter",
                Errno.describe(errno));
        return config.toBuilder().relay(MonitorConfig.RelayMode.COPY).build();
    }

    /** Calls splice(2) on an empty pipe. Returns the errno; a kernel that permits splice(2) answers EAGAIN. */
    private static int trySplice() throws ErrnoException {
        try (Pipe from = Pipe.open(0);
                Pipe to = Pipe.open(0)) {
            return (int) -Syscalls.splice(from.reader().value(), to.writer().value(), 1, SPLICE_F_NONBLOCK);
        }
    }
}
