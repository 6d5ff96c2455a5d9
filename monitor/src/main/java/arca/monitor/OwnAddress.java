package arca.monitor;

import static arca.bindings.Constants.AF_INET;
import static arca.bindings.Constants.SOCK_DGRAM;

import arca.monitor.reactor.Kernel;
import java.util.function.IntPredicate;

/** Asks, at each connect anew, whether an address is this host's own: only such a one can be bound. */
final class OwnAddress implements IntPredicate {
    private final Kernel kernel;
    private int failure;

    OwnAddress(Kernel kernel) {
        this.kernel = kernel;
    }

    /** Whether the address is the host's; also where it cannot be asked, for {@link #failure}. */
    @Override
    public boolean test(int address) {
        int socket = kernel.socket(AF_INET, SOCK_DGRAM);
        if (socket < 0) {
            failure = -socket;
            return true;
        }
        int n = kernel.bind(socket, address, 0);
        kernel.close(socket);
        return n == 0;
    }

    /** Why it could not be asked, a positive errno; 0 if it could. */
    int failure() {
        return failure;
    }
}
