package arca.cli;

import arca.bindings.Constants;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Syscalls;
import arca.monitor.Monitor;
import arca.monitor.config.ControlAccess;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.policy.Policy;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code arca monitor}: the daemon. */
@Command(
        name = "monitor",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Runs the monitor until SIGTERM or SIGINT: it owns the TCP sockets of the guests that connect to PATH.",
            "",
            "RULE is any, an IPv4 address or a CIDR, each with an optional :PORT or :PORT-PORT. Nothing is allowed "
                    + "without a rule. Loopback, private networks, other special-purpose addresses (IANA's registry), clouds' "
                    + "metadata addresses, the host's own addresses and low ports to listen on are allowed by a rule that "
                    + "names them, not by any. SIZE takes K and M.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  Guests may use HTTPS anywhere but on private networks:",
            "    arca monitor --control /run/arca.sock --allow-connect any:443",
            "  Guests are the users of the group guests, and not the monitor's own user:",
            "    arca monitor --control /run/arca.sock --control-group guests --allow-connect any:443",
            "  Guests may serve on one port, and reach one network but for one address:",
            "    arca monitor --control /run/arca.sock --allow-listen any:8080 \\",
            "        --allow-connect 10.1.0.0/16 --deny-connect 10.1.0.1",
            "",
            "SIGTERM or SIGINT stops the monitor: no guest is let in, and connections may go on for the --drain time.",
            "A second one ends that time at once. SIGHUP, SIGUSR1 and SIGUSR2 end nothing.",
            "",
            "Nothing waits for stderr: when nobody reads it, log lines are dropped, and a later line says how many.",
            "",
            "Exit status: 0 after a signal, 1 if it failed, 2 after a usage error, 70 after a fault of its own. The",
            "monitor reports to a service manager what it does, sd_notify(3), and that it is alive, sd_watchdog_enabled(3).",
        })
final class MonitorCommand implements Callable<Integer> {
    private static final Duration HEAP_LOOK = Duration.ofSeconds(1);
    private static final MonitorConfig DEFAULT = MonitorConfig.DEFAULT;
    private static final Limits LIMITS = Limits.DEFAULT;
    private static final int GROUP_TOO = 0660;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--control",
            paramLabel = "PATH",
            description =
                    "The Unix socket that guests connect to; it is made. Required, unless a service manager passes "
                            + "one: sd_listen_fds(3).")
    private Optional<Path> control = Optional.empty();

    @Option(
            names = "--control-mode",
            paramLabel = "MODE",
            description =
                    "Who may connect, as chmod(1) of that socket: 0660 is its user and its group. Default: 0600, or "
                            + "0660 with --control-group.")
    private Optional<ControlMode> controlMode = Optional.empty();

    @Option(
            names = "--control-group",
            paramLabel = "GROUP",
            description =
                    "The group of that socket, by name or number. Guests had better not run as the monitor's user.")
    private Optional<GroupPrincipal> controlGroup = Optional.empty();

    @Option(names = "--allow-connect", paramLabel = "RULE", description = "Guests may connect there. Repeatable.")
    private String[] allowConnect = {};

    @Option(
            names = "--deny-connect",
            paramLabel = "RULE",
            description =
                    "Guests may not connect there, whatever allows it. A RULE for a part of loopback denies its ports "
                            + "on all of loopback; each other address of the host is denied by itself. Repeatable.")
    private String[] denyConnect = {};

    @Option(names = "--allow-listen", paramLabel = "RULE", description = "Guests may listen there. Repeatable.")
    private String[] allowListen = {};

    @Option(
            names = "--deny-listen",
            paramLabel = "RULE",
            description = "Guests may not listen there, whatever allows it. Repeatable.")
    private String[] denyListen = {};

    @Option(
            names = "--connect-timeout",
            paramLabel = "SECONDS",
            description = "How long a TCP handshake may take. Default: ${DEFAULT-VALUE}.")
    private Seconds connectTimeout = new Seconds(DEFAULT.connectTimeout());

    @Option(
            names = "--linger",
            paramLabel = "SECONDS",
            description = "Once a guest has closed a connection, how long its peer may acknowledge nothing before the "
                    + "monitor cuts it. Default: ${DEFAULT-VALUE}.")
    private Seconds linger = new Seconds(DEFAULT.linger());

    @Option(
            names = "--drain",
            paramLabel = "SECONDS",
            description = "How long live connections may go on after the signal. Default: ${DEFAULT-VALUE}.")
    private Seconds drain = new Seconds(DEFAULT.drain());

    @Option(
            names = "--wedge",
            paramLabel = "ACTION",
            description = "What is done when a guest holds its own thread here in the kernel, by a pipe's lock: report "
                    + "tells which processes have that pipe open; kill also kills those of the user who connected, but "
                    + "never root's, nor one that the monitor descends from. Default: report.")
    private MonitorConfig.Wedge wedge = DEFAULT.wedge();

    @Option(
            names = "--relay",
            paramLabel = "HOW",
            description = "How bytes are moved: splice, or copy through a buffer. Default: splice.")
    private MonitorConfig.RelayMode relay = DEFAULT.relay();

    @Option(
            names = "--readiness",
            paramLabel = "HOW",
            description = "How the monitor learns what is ready: epoll or poll. Default: epoll.")
    private MonitorConfig.Readiness readiness = DEFAULT.readiness();

    @Option(
            names = "--pipe-size",
            paramLabel = "SIZE",
            description = "Of each of a connection's two pipes, where the system grants it. Default: ${DEFAULT-VALUE}.")
    private Size pipeSize = new Size(DEFAULT.pipeSize());

    @Option(
            names = "--pipe-memory",
            paramLabel = "SIZE",
            description =
                    "Of all pipes; near it, new ones are made small. Default: what the kernel lets the pipes of this user "
                            + "hold, fs.pipe-user-pages-soft; for root, half of the machine's memory.")
    private Size pipeMemory = new Size(LIMITS.pipeMemory());

    @Option(
            names = "--max-connections",
            paramLabel = "NUMBER",
            description = "Live connections of one guest. Default: ${DEFAULT-VALUE}.")
    private int maxConnections = LIMITS.connections();

    @Option(
            names = "--max-listeners",
            paramLabel = "NUMBER",
            description = "Listeners of one guest. Default: ${DEFAULT-VALUE}.")
    private int maxListeners = LIMITS.listeners();

    @Option(
            names = "--max-waiting-accepts",
            paramLabel = "NUMBER",
            description = "Unanswered accepts of one guest. Default: ${DEFAULT-VALUE}.")
    private int maxWaitingAccepts = LIMITS.waitingAccepts();

    @Option(
            names = "--max-connecting",
            paramLabel = "NUMBER",
            description = "TCP handshakes of one guest under way. Default: ${DEFAULT-VALUE}.")
    private int maxConnecting = LIMITS.connecting();

    @Option(names = "--max-guests", paramLabel = "NUMBER", description = "Guests at a time. Default: ${DEFAULT-VALUE}.")
    private int maxGuests = LIMITS.guests();

    @Option(
            names = "--max-guests-per-uid",
            paramLabel = "NUMBER",
            description = "Guests of one user at a time. Default: ${DEFAULT-VALUE}.")
    private int maxGuestsPerUid = LIMITS.guestsPerUid();

    @Mixin
    private Logging logging;

    @Override
    public Integer call() throws IOException, InterruptedException {
        MonitorConfig settings = config();
        closeToOthers();
        ServiceManager manager = ServiceManager.of(System.getenv());
        Optional<Duration> aliveInterval = manager.aliveInterval();
        Optional<Fd> passed = manager.socket();
        if (control.isPresent() == passed.isPresent()) throw notOneSocket();
        if (passed.isPresent() && (controlMode.isPresent() || controlGroup.isPresent())) {
            throw new ParameterException(
                    spec.commandLine(),
                    "'--control-mode' and '--control-group' are for a socket that the monitor makes; this one's maker says "
                            + "who may connect, as with SocketMode= and SocketGroup=");
        }
        logging.start(); // before the first logger exists
        MonitorConfig config = settings.toBuilder().observer(new EventLog()).build();
        Logger log = LoggerFactory.getLogger(MonitorCommand.class);
        Shutdown shutdown = Shutdown.onSignal();
        Signals.handle("HUP", () -> log.info("SIGHUP: there is no policy file to read again"));
        Signals.ignore("USR1"); // SIGUSR2 is HotSpot's own, which does nothing when it comes from outside
        Monitor monitor = passed.isPresent() ? Monitor.start(config, passed.get()) : Monitor.start(config);
        if (!shutdown.isUnderWay()) {
            config.limits().shortfalls().forEach(EventLog::systemLimit);
            String where = control.map(path -> path.toAbsolutePath().toString()).orElse("the socket that was passed");
            log.info("ready: guests connect to {}", where);
            manager.ready("guests connect to " + where);
        }
        Heap heap = new Heap();
        Runnable stop = () -> {
            manager.stopping();
            monitor.stop();
        };
        Runnable meanwhile = () -> {
            if (aliveInterval.isPresent() && monitor.isResponsive()) manager.alive();
            heap.tidy();
        };
        Duration pause =
                aliveInterval.filter(half -> half.compareTo(HEAP_LOOK) < 0).orElse(HEAP_LOOK);
        return shutdown.awaitStop(stop, monitor::close, pause, meanwhile) ? 0 : 1;
    }

    /**
     * Has the kernel keep other processes of this user from the memory and the descriptors of this one: ptrace(2),
     * pidfd_getfd(2), /proc/PID/fd and /proc/PID/mem. There is no core dump either: prctl(2), PR_SET_DUMPABLE.
     */
    private static void closeToOthers() throws IOException {
        ErrnoException.check("prctl PR_SET_DUMPABLE", Syscalls.prctl(Constants.PR_SET_DUMPABLE, 0));
    }

    private ParameterException notOneSocket() {
        return new ParameterException(
                spec.commandLine(),
                control.isPresent()
                        ? "'--control=PATH' and a socket by LISTEN_FDS: one of them"
                        : "Missing required option: '--control=PATH'");
    }

    /** What the options ask for; a ParameterException names the one that cannot be. */
    MonitorConfig config() {
        Limits limits = Limits.builder()
                .connections(maxConnections)
                .listeners(maxListeners)
                .waitingAccepts(maxWaitingAccepts)
                .connecting(maxConnecting)
                .guests(maxGuests)
                .guestsPerUid(maxGuestsPerUid)
                .pipeMemory(pipeMemory.bytes())
                .build();
        MonitorConfig.Builder config = MonitorConfig.builder()
                .policy(policy())
                .access(access())
                .limits(limits)
                .readiness(readiness)
                .relay(relay)
                .wedge(wedge);
        control.ifPresent(
                path -> checked("--control: ", () -> config.control(path).build()));
        int size = (int) Math.min(pipeSize.bytes(), Integer.MAX_VALUE);
        checked("--pipe-size: ", () -> config.pipeSize(size).build());
        checked(
                "--connect-timeout: ",
                () -> config.connectTimeout(connectTimeout.duration()).build());
        checked("--linger: ", () -> config.linger(linger.duration()).build());
        return checked("--drain: ", () -> config.drain(drain.duration()).build());
    }

    private ControlAccess access() {
        int mode = controlMode
                .map(ControlMode::bits)
                .orElse(controlGroup.isPresent() ? GROUP_TOO : DEFAULT.access().mode());
        return new ControlAccess(mode, controlGroup);
    }

    private Policy policy() {
        Policy connects = checked("--allow-connect ", () -> Policy.NOTHING.allowConnect(allowConnect));
        Policy denied = checked("--deny-connect ", () -> connects.denyConnect(denyConnect));
        Policy listens = checked("--allow-listen ", () -> denied.allowListen(allowListen));
        return checked("--deny-listen ", () -> listens.denyListen(denyListen));
    }

    /** Returns what a supplier makes. A value that it refuses is a usage error of an option. */
    private <T> T checked(String option, Supplier<T> made) {
        try {
            return made.get();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), option + e.getMessage(), e);
        }
    }
}
