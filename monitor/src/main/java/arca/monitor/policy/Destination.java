package arca.monitor.policy;

import arca.control.Endpoint;
import arca.control.IpAddress;
import java.util.Optional;

/**
 * What a guest asked for: an address or a host name, and a port.
 *
 * @param name the host name; empty if the guest gave an address
 * @param address the address; empty if a name was judged before anything was resolved
 * @param port 0 to 65535
 */
public record Destination(Optional<HostName> name, Optional<IpAddress> address, int port) {
    /**
     * Returns what a guest asked for that gave an address.
     *
     * @param endpoint the address and the port
     * @return the destination
     */
    public static Destination of(Endpoint endpoint) {
        return new Destination(Optional.empty(), Optional.of(endpoint.address()), endpoint.port());
    }

    static Destination of(HostName name, int port) {
        return new Destination(Optional.of(name), Optional.empty(), port);
    }

    static Destination of(HostName name, Endpoint endpoint) {
        return new Destination(Optional.of(name), Optional.of(endpoint.address()), endpoint.port());
    }

    /** Returns the name or the address, and the port, as the guest gave them: {@code api.example.com:443}. */
    @Override
    public String toString() {
        return name.map(text -> text + ":" + port)
                .or(() -> address.map(ip -> new Endpoint(ip, port).toString()))
                .orElse(":" + port);
    }
}
