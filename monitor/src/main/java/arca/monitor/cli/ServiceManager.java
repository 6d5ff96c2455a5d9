package arca.monitor.cli;

import static arca.bindings.Constants.AF_UNIX;
import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.Constants.SOCK_DGRAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_ACCEPTCONN;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/**
 * Who started a daemon, if that is a service manager such as systemd: it may pass a socket that listens already,
 * sd_listen_fds(3), and want to hear of the daemon's state, sd_notify(3). Both by the environment.
 */
final class ServiceManager {
    private static final int FIRST_PASSED = 3; // SD_LISTEN_FDS_START

    private final Map<String, String> environment;

    private ServiceManager(Map<String, String> environment) {
        this.environment = environment;
    }

    static ServiceManager of(Map<String, String> environment) {
        return new ServiceManager(environment);
    }

    /**
     * The socket that was passed to this very process, now the caller's; empty if none was.
     *
     * @throws IOException if there are more than one, or it is none
     */
    Optional<Fd> socket() throws IOException {
        // A process that a daemon starts inherits the variables, but not what they tell of.
        if (!Integer.toString(Syscalls.getpid()).equals(environment.get("LISTEN_PID"))) return Optional.empty();
        String count = environment.getOrDefault("LISTEN_FDS", "0");
        if (count.equals("0")) return Optional.empty();
        if (!count.equals("1"))
            throw new IOException("LISTEN_FDS is " + count + ", but a monitor has one control socket");
        // A file of the JVM's own has this number where the variables are wrong, and must not be closed.
        check("descriptor 3, which LISTEN_FDS tells of", Syscalls.getsockopt(FIRST_PASSED, SOL_SOCKET, SO_ACCEPTCONN));
        return Optional.of(new Fd(FIRST_PASSED));
    }

    void ready(String status) {
        tell("READY=1\nSTATUS=" + status);
    }

    void stopping() {
        tell("STOPPING=1\nSTATUS=stopping");
    }

    /** A daemon runs whether or not anybody hears of it. */
    private void tell(String state) {
        String name = environment.get("NOTIFY_SOCKET");
        if (name == null) return;
        try (Fd socket = Sockets.open(AF_UNIX, SOCK_DGRAM);
                Arena arena = Arena.ofConfined()) {
            check("connect " + name, Sockets.startConnect(socket, address(name)));
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, state.getBytes(StandardCharsets.UTF_8));
            check("send " + name, Syscalls.send(socket.value(), bytes, MSG_NOSIGNAL));
        } catch (IOException | IllegalArgumentException e) {
            LoggerFactory.getLogger(ServiceManager.class).warn("NOTIFY_SOCKET: {}", e.getMessage());
        }
    }

    private static SocketAddress address(String name) {
        if (name.startsWith("@")) return SocketAddress.Unix.abstractName(name.substring(1));
        if (name.startsWith("/")) return SocketAddress.Unix.path(name);
        throw new IllegalArgumentException("\"" + name + "\" is neither a path nor an abstract name");
    }
}
