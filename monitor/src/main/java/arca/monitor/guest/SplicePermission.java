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

/** Whether this process may use splice(2): a seccomp filter can refuse it. */
public final class SplicePermission {
    private static final Logger LOG = LoggerFactory.getLogger(SplicePermission.class);

    private SplicePermission() {}

    /**
     * Changes a configuration to copying, and logs a warning, where it asks for splice(2) and the kernel refuses that.
     *
     * @throws IOException EMFILE or ENFILE if there is no room for the two pipes of the trial
     */
    public static MonitorConfig checked(MonitorConfig config) throws IOException {
        if (config.relay() != MonitorConfig.RelayMode.SPLICE) return config;
        int errno = trySplice();
        if (errno == Errno.EAGAIN) return config;
        LOG.warn(
                "splice failed in a trial: {}: the monitor copies bytes instead, which costs more CPU; allow splice(2) in the"
                        + " seccomp filter, or start with --relay copy",
                Errno.describe(errno));
        return config.withRelay(MonitorConfig.RelayMode.COPY);
    }

    /** Splices out of an empty pipe: EAGAIN is the answer of a kernel that permits it. */
    private static int trySplice() throws ErrnoException {
        try (Pipe from = Pipe.open(0);
                Pipe to = Pipe.open(0)) {
            return (int) -Syscalls.splice(from.reader().value(), to.writer().value(), 1, SPLICE_F_NONBLOCK);
        }
    }
}
