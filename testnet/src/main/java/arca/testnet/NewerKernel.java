package arca.testnet;

import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_PASSRIGHTS;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import java.io.IOException;

/** Skips tests of features that need a newer kernel than the oldest one that the monitor supports. */
public final class NewerKernel {
    private NewerKernel() {}

    /** Skips the test if the kernel has no SO_PASSRIGHTS (Linux 6.16), by which the monitor refuses descriptors. */
    public static void assumePassRights() throws IOException {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM)) {
            int n = Syscalls.setsockopt(pair.first().value(), SOL_SOCKET, SO_PASSRIGHTS, 0);
            assumeTrue(n != -Errno.ENOPROTOOPT, "this kernel has no SO_PASSRIGHTS: Linux 6.16");
        }
    }

    /** Skips the test if the kernel has no SO_PEERPIDFD (Linux 6.5), by which the monitor knows the process that connected. */
    public static void assumePeerPidFd() throws IOException {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM)) {
            Sockets.peerPidFd(pair.first()).close();
        } catch (ErrnoException e) {
            assumeTrue(e.errno() != Errno.ENOPROTOOPT, "this kernel has no SO_PEERPIDFD: Linux 6.5");
            throw e;
        }
    }
}
