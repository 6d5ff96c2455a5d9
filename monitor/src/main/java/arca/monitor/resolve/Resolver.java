package arca.monitor.resolve;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/** Finds the addresses of host names. Any number of threads may call it at the same time. */
@FunctionalInterface
public interface Resolver {
    /**
     * The resolver of this host: getaddrinfo(3), which asks what nsswitch.conf(5) names. The JVM keeps answers for 30 seconds
     * (networkaddress.cache.ttl).
     */
    Resolver SYSTEM = name -> List.of(InetAddress.getAllByName(name));

    /**
     * Finds the addresses of a name. May wait for servers.
     *
     * @param name a host name in lower-case ASCII, without the dot at its end; never an IP address
     * @return the addresses, at least one, the best first
     * @throws IOException if there are none, or if nobody answers; the message says which
     */
    List<InetAddress> resolve(String name) throws IOException;
}
