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

/** What the monitor makes use of where the kernel has it; the tests of it ask the kernel first. */
public final class NewerKernel {
    private NewerKernel() {}

    /** Skips a test of what needs Linux 6.16: that a guest cannot send descriptors. */
    public static void assumePassRights() throws IOException {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM)) {
            int n = Syscalls.setsockopt(pair.first().value(), SOL_SOCKET, SO_PASSRIGHTS, 0);
            assumeTrue(n != -Errno.ENOPROTOOPT, "this kernel has no SO_PASSRIGHTS: Linux 6.16");
        }
    }

    /** Skips a test of what needs Linux 6.5: that the monitor kills whoever connected. */
    public static void assumePeerPidFd() throws IOException {
        try (Sockets.Pair pair = Sockets.pair(SOCK_STREAM)) {
            Sockets.peerPidFd(pair.first()).close();
        } catch (ErrnoException e) {
            assumeTrue(e.errno() != Errno.ENOPROTOOPT, "this kernel has no SO_PEERPIDFD: Linux 6.5");
            throw e;
        }
    }
}
