package arca.cli;

import static arca.bindings.Constants.AF_UNIX;
import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.Constants.SOCK_DGRAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_ACCEPTCONN;
import static arca.bindings.ErrnoException.check;

import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/**
 * Who started a daemon, if that is a service manager such as systemd: it may pass a socket that listens already,
 * sd_listen_fds(3), want to hear of the daemon's state, sd_notify(3), and want to hear again and again that it lives,
 * sd_watchdog_enabled(3). All by the environment. Any thread may tell it things; none waits for it.
 */
final class ServiceManager {
    private static final int FIRST_PASSED = 3; // SD_LISTEN_FDS_START

    private final Map<String, String> environment;
    private final Optional<Fd> notify; // open from the start: later on, guests may have used up the descriptors
    private volatile boolean deaf; // it was said that it cannot be told

    private ServiceManager(Map<String, String> environment, Optional<Fd> notify) {
        this.environment = environment;
        this.notify = notify;
    }

    /**
     * The one that these variables tell of.
     *
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    static ServiceManager of(Map<String, String> environment) throws ErrnoException {
        boolean listens = environment.containsKey("NOTIFY_SOCKET");
        return new ServiceManager(
                environment, listens ? Optional.of(Sockets.open(AF_UNIX, SOCK_DGRAM)) : Optional.empty());
    }

    /**
     * The socket that was passed to this very process, now the caller's; empty if none was.
     *
     * @throws IOException if there are more than one, or it is none
     */
    Optional<Fd> socket() throws IOException {
        // A process that a daemon starts inherits the variables, but not what they tell of.
        if (!ownPid().equals(environment.get("LISTEN_PID"))) return Optional.empty();
        String count = environment.getOrDefault("LISTEN_FDS", "0");
        if (count.equals("0") || count.isEmpty()) return Optional.empty();
        if (!count.equals("1"))
            throw new IOException(
                    "LISTEN_FDS is \"" + count + "\": a monitor takes one control socket, so it must be 1");
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

    /**
     * How often {@link #alive} is to be called: twice in the time after which the manager takes the daemon for dead. Empty
     * if it does not look.
     *
     * @throws IOException if WATCHDOG_USEC is no time
     */
    Optional<Duration> aliveInterval() throws IOException {
        String micros = environment.get("WATCHDOG_USEC");
        if (micros == null
                || !environment.getOrDefault("WATCHDOG_PID", ownPid()).equals(ownPid())) return Optional.empty();
        try {
            long half = Long.parseLong(micros) / 2;
            if (half > 0) return Optional.of(Duration.of(half, ChronoUnit.MICROS));
        } catch (NumberFormatException e) {
            // Said below, as for 0.
        }
        throw new IOException("WATCHDOG_USEC is \"" + micros + "\", and not a number of microseconds");
    }

    void alive() {
        tell("WATCHDOG=1");
    }

    /** A daemon runs whether or not anybody hears of it; the first time that nobody does is logged. */
    private void tell(String state) {
        if (notify.isEmpty()) return;
        Fd socket = notify.get();
        String name = environment.get("NOTIFY_SOCKET");
        try (Arena arena = Arena.ofConfined()) {
            check(
                    "connect " + name,
                    Sockets.startConnect(socket, address(name))); // anew: the manager may have been, too
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, state.getBytes(StandardCharsets.UTF_8));
            check("send " + name, Syscalls.send(socket.value(), bytes, MSG_NOSIGNAL | MSG_DONTWAIT));
            deaf = false;
        } catch (IOException | IllegalArgumentException e) {
            if (!deaf) LoggerFactory.getLogger(ServiceManager.class).warn("NOTIFY_SOCKET: {}", e.getMessage());
            deaf = true;
        }
    }

    private static String ownPid() {
        return Integer.toString(Syscalls.getpid());
    }

    private static SocketAddress address(String name) {
        if (name.startsWith("@")) return SocketAddress.Unix.abstractName(name.substring(1));
        if (name.startsWith("/")) return SocketAddress.Unix.path(name);
        throw new IllegalArgumentException("\"" + name + "\" is neither a path nor an abstract name");
    }
}
