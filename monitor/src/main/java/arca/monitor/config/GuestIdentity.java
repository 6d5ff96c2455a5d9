package arca.monitor.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Who a guest is, by the kernel's word: SO_PEERCRED in unix(7). It is the process that connected to the control socket.
 *
 * @param pid its process id
 * @param uid its effective user id, u32
 * @param gid its effective group id, u32
 * @param socket the control socket to which it connected, as the configuration names it; empty if the monitor did not create the
 *     socket, or if the guest is in the monitor's own process
 */
public record GuestIdentity(int pid, int uid, int gid, Optional<Path> socket) {}
