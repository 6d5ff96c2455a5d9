package arca.monitor.guest;

import arca.control.Endpoint;
import arca.monitor.policy.HostName;
import arca.monitor.policy.Operation;
import java.util.Optional;

/**
 * What a policy has allowed a guest, so that another policy can be asked the same later.
 *
 * @param name the host name that the guest gave; empty if it gave an address
 * @param endpoint where the guest listens, or where it is connected to
 */
record Permission(Operation operation, Optional<HostName> name, Endpoint endpoint) {
    static Permission listen(Endpoint at) {
        return new Permission(Operation.LISTEN, Optional.empty(), at);
    }

    static Permission connect(Endpoint to) {
        return new Permission(Operation.CONNECT, Optional.empty(), to);
    }

    static Permission connect(HostName name, Endpoint to) {
        return new Permission(Operation.CONNECT, Optional.of(name), to);
    }
}
