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
 * The service manager, such as systemd, that started this daemon, if there is one. By environment variables, it may pass a
 * listening socket (sd_listen_fds(3)), ask for reports of the daemon's state (sd_notify(3)), and ask for regular messages that
 * the daemon is alive (sd_watchdog_enabled(3)). Any thread may send it a message; no thread waits for it.
 */
final class ServiceManager {
    private static final int FIRST_PASSED = 3; // SD_LISTEN_FDS_START

    private final Map<String, String> environment;
    private final Optional<Fd> notify; // open from the start: later on, guests may have used up the descriptors
    private volatile boolean failed; // the last message could not be sent, and the log says so

    private ServiceManager(Map<String, String> environment, Optional<Fd> notify) {
        this.environment = environment;
        this.notify = notify;
    }

    /**
     * Returns the service manager that these environment variables describe.
     *
     * @throws ErrnoException EMFILE or ENFILE at a limit
     */
    static ServiceManager of(Map<String, String> environment) throws ErrnoException {
        boolean wantsMessages = environment.containsKey("NOTIFY_SOCKET");
        return new ServiceManager(
                environment, wantsMessages ? Optional.of(Sockets.open(AF_UNIX, SOCK_DGRAM)) : Optional.empty());
    }

    /**
     * Returns the socket that was passed to this process, if one was. The caller now owns it.
     *
     * @throws IOException if more than one descriptor was passed, or the descriptor is not a socket
     */
    Optional<Fd> socket() throws IOException {
        // A process that a daemon starts inherits the variables, but not the descriptors.
        if (!ownPid().equals(environment.get("LISTEN_PID"))) return Optional.empty();
        String count = environment.getOrDefault("LISTEN_FDS", "0");
        if (count.equals("0") || count.isEmpty()) return Optional.empty();
        if (!count.equals("1"))
            throw new IOException("LISTEN_FDS is \"" + count + "\", but must be 1: a monitor has one control socket");
        // If the variables are wrong, descriptor 3 is one of the JVM's own files, which must not be closed.
        check("descriptor 3, passed by LISTEN_FDS,", Syscalls.getsockopt(FIRST_PASSED, SOL_SOCKET, SO_ACCEPTCONN));
        return Optional.of(new Fd(FIRST_PASSED));
    }

    void ready(String status) {
        send("READY=1\nSTATUS=" + status);
    }

    void stopping() {
        send("STOPPING=1\nSTATUS=stopping");
    }

    /**
     * Returns the interval at which {@link #alive} must be called: half the time after which the service manager considers
     * the daemon dead. Empty if the service manager does not check.
     *
     * @throws IOException if WATCHDOG_USEC is not a time
     */
    Optional<Duration> aliveInterval() throws IOException {
        String micros = environment.get("WATCHDOG_USEC");
        if (micros == null
                || !environment.getOrDefault("WATCHDOG_PID", ownPid()).equals(ownPid())) return Optional.empty();
        try {
            long half = Long.parseLong(micros) / 2;
            if (half > 0) return Optional.of(Duration.of(half, ChronoUnit.MICROS));
        } catch (NumberFormatException e) {
            // Reported below, as 0 is.
        }
        throw new IOException("WATCHDOG_USEC is \"" + micros + "\", but must be a positive number of microseconds");
    }

    void alive() {
        send("WATCHDOG=1");
    }

    /** Sends a message. A failure does not stop the daemon; the first of several failures in a row is logged. */
    private void send(String state) {
        if (notify.isEmpty()) return;
        Fd socket = notify.get();
        String name = environment.get("NOTIFY_SOCKET");
        try (Arena arena = Arena.ofConfined()) {
            check(
                    "connect " + name,
                    Sockets.startConnect(socket, address(name))); // each time: the manager may have restarted
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, state.getBytes(StandardCharsets.UTF_8));
            check("send " + name, Syscalls.send(socket.value(), bytes, MSG_NOSIGNAL | MSG_DONTWAIT));
            failed = false;
        } catch (IOException | IllegalArgumentException e) {
            if (!failed) {
                LoggerFactory.getLogger(ServiceManager.class)
                        .warn("cannot report the state to the service manager (NOTIFY_SOCKET): {}", e.getMessage());
            }
            failed = true;
        }
    }

    private static String ownPid() {
        return Integer.toString(Syscalls.getpid());
    }

    private static SocketAddress address(String name) {
        if (name.startsWith("@")) return SocketAddress.Unix.abstractName(name.substring(1));
        if (name.startsWith("/")) return SocketAddress.Unix.path(name);
        throw new IllegalArgumentException(
                "\"" + name + "\" is neither an absolute path nor an abstract name, which starts with @");
    }
}
