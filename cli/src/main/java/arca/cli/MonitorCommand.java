package arca.cli;

import arca.bindings.Constants;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Syscalls;
import arca.cli.policy.PolicyFile;
import arca.cli.policy.PolicyFileException;
import arca.cli.policy.SocketAccess;
import arca.monitor.Monitor;
import arca.monitor.config.ControlAccess;
import arca.monitor.config.ControlPoint;
import arca.monitor.config.MonitorConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code arca monitor}: runs the monitor as a daemon. */
@Command(
        name = "monitor",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        abbreviateSynopsis = true,
        description = {
            "Runs the monitor until SIGTERM or SIGINT. Guests connect to the Unix socket PATH; the monitor owns their TCP "
                    + "sockets.",
            "",
            "RULE is WHERE or WHERE:PORTS. WHERE is any, an IPv4 or IPv6 address or CIDR, or a host name: any:443, "
                    + "10.1.0.0/16:8000-8099, [2001:db8::/32]:443, api.example.com:443, *.example.com. PORTS is a number or a "
                    + "range; a list needs a rule for each. "
                    + "Without a rule, nothing is allowed. The rule any does not allow loopback, private networks, other "
                    + "special-purpose addresses (IANA's registry), cloud metadata addresses, the host's own addresses, or "
                    + "listening on ports below 1024: these need a rule that names them. SIZE may end in K or M.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  Guests may use HTTPS, but not on private networks:",
            "    arca monitor --control /run/arca.sock --allow-connect any:443",
            "  Users of the group guests may connect to the monitor, too:",
            "    arca monitor --control /run/arca.sock --control-group guests --allow-connect any:443",
            "  Guests may listen on one port, and connect to one network except for one address:",
            "    arca monitor --control /run/arca.sock --allow-listen any:8080 \\",
            "        --allow-connect 10.1.0.0/16 --deny-connect 10.1.0.1",
            "  Each user has rules of his own:",
            "    arca monitor --policy /etc/arca/policy.toml",
            "",
            "SIGTERM or SIGINT stops the monitor: it accepts no more guests, and connections may go on for the --drain",
            "time. A second signal cuts them at once. SIGHUP makes it read the --policy file again. SIGUSR1 and SIGUSR2 do",
            "not end it.",
            "",
            "If nobody reads stderr, the monitor drops log lines and does not wait. A later line says how many.",
            "",
            "Exit status: 0 after a signal, 1 after a failure, 2 after a usage error, 70 after an internal error. The",
            "monitor tells a service manager its state (sd_notify(3)) and that it is alive (sd_watchdog_enabled(3)).",
        })
final class MonitorCommand implements Callable<Integer> {
    private static final Duration HEAP_LOOK = Duration.ofSeconds(1);
    private static final MonitorConfig DEFAULT = MonitorConfig.DEFAULT;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--control",
            paramLabel = "PATH",
            description =
                    "The Unix socket that guests connect to; the monitor creates it. Required, unless a service manager "
                            + "passes a socket (sd_listen_fds(3)), or the --policy file names one.")
    private Optional<Path> control = Optional.empty();

    @Option(
            names = "--control-mode",
            paramLabel = "MODE",
            description =
                    "Permissions of the socket, as for chmod(1): 0660 lets its user and its group connect. Default: 0600, "
                            + "or 0660 with --control-group.")
    private Optional<ControlMode> controlMode = Optional.empty();

    @Option(
            names = "--control-group",
            paramLabel = "GROUP",
            description =
                    "The group of the socket, by name or number. Guests should not run as the monitor's own user.")
    private Optional<GroupPrincipal> controlGroup = Optional.empty();

    @Mixin
    private PolicyOptions policies;

    @Option(
            names = "--connect-timeout",
            paramLabel = "SECONDS",
            description = "How long a TCP handshake may take. Default: ${DEFAULT-VALUE}.")
    private Seconds connectTimeout = new Seconds(DEFAULT.connectTimeout());

    @Option(
            names = "--linger",
            paramLabel = "SECONDS",
            description = "After a guest has closed a connection: how long the peer may acknowledge no data before the "
                    + "monitor resets the connection. After that time, a peer must also acknowledge 1 KiB/s on average. "
                    + "Default: ${DEFAULT-VALUE}.")
    private Seconds linger = new Seconds(DEFAULT.linger());

    @Option(
            names = "--drain",
            paramLabel = "SECONDS",
            description = "How long connections may go on after SIGTERM or SIGINT. Default: ${DEFAULT-VALUE}.")
    private Seconds drain = new Seconds(DEFAULT.drain());

    @Option(
            names = "--wedge",
            paramLabel = "ACTION",
            description =
                    "What to do if a guest holds the lock of one of its pipes, so that its thread in the monitor is "
                            + "stuck: report logs which processes have the pipe open; kill also kills those that belong to the "
                            + "user who connected, but never a process of root or an ancestor of the monitor. Default: report.")
    private MonitorConfig.Wedge wedge = DEFAULT.wedge();

    @Option(
            names = "--relay",
            paramLabel = "HOW",
            description = "How to move bytes: splice (in the kernel), or copy (through a buffer). Default: splice.")
    private MonitorConfig.RelayMode relay = DEFAULT.relay();

    @Option(
            names = "--readiness",
            paramLabel = "HOW",
            description = "Which system call to wait with: epoll or poll. Default: epoll.")
    private MonitorConfig.Readiness readiness = DEFAULT.readiness();

    @Option(
            names = "--pipe-size",
            paramLabel = "SIZE",
            description =
                    "Capacity of each of a connection's two pipes, if the system grants it. Default: ${DEFAULT-VALUE}.")
    private Size pipeSize = new Size(DEFAULT.pipeSize());

    @Mixin
    private LimitOptions limits;

    @Mixin
    private Logging logging;

    @Override
    public Integer call() throws IOException, InterruptedException, PolicyFileException {
        MonitorConfig settings = config();
        PolicyReload.Source source = () -> policies.read(settings.limits());
        PolicyFile policy = source.read();
        if (control.isPresent() && policy.sockets().stream().anyMatch(this::isControl)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--control: the policy file opens this socket; remove --control, or the socket from the file");
        }
        closeToOthers();
        ServiceManager manager = ServiceManager.of(System.getenv());
        Optional<Duration> aliveInterval = manager.aliveInterval();
        Optional<Fd> passed = manager.socket();
        if (control.isPresent() && passed.isPresent()) throw twoSockets();
        if (control.isEmpty() && passed.isEmpty() && policy.sockets().isEmpty()) throw noSocket();
        if (control.isEmpty() && (controlMode.isPresent() || controlGroup.isPresent())) throw noControl();
        logging.start(); // before the first logger exists
        MonitorConfig config = settings.toBuilder()
                .observer(new EventLog(policies.file().isPresent()))
                .profiles(policy)
                .controls(policy.sockets())
                .build();
        Logger log = LoggerFactory.getLogger(MonitorCommand.class);
        Shutdown shutdown = Shutdown.onSignal();
        PolicyReload reload = new PolicyReload(source, read -> inForce(config, read));
        Signals.handle(
                "HUP",
                policies.file().isPresent()
                        ? reload::run
                        : () -> log.info("ignored SIGHUP: there is no --policy file to read"));
        Signals.ignore("USR1"); // HotSpot catches SIGUSR2, and does nothing if another process sent it
        Monitor monitor = passed.isPresent() ? Monitor.start(config, passed.get()) : Monitor.start(config);
        reload.started(monitor);
        if (!shutdown.isUnderWay()) {
            monitor.shortfalls().forEach(EventLog::systemLimit);
            String where = where(sockets(config, policy), passed.isPresent());
            log.info("ready: guests connect to {}", where);
            log.info("{}", inForce(config, policy));
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
     * Makes the kernel refuse other processes of this user access to this process: ptrace(2), pidfd_getfd(2), /proc/PID/fd,
     * /proc/PID/mem. There is no core dump either: prctl(2), PR_SET_DUMPABLE.
     */
    private static void closeToOthers() throws IOException {
        ErrnoException.check("prctl PR_SET_DUMPABLE", Syscalls.prctl(Constants.PR_SET_DUMPABLE, 0));
    }

    private boolean isControl(ControlPoint point) {
        return control.filter(path -> path.toAbsolutePath().normalize().equals(point.path()))
                .isPresent();
    }

    /** Returns the control sockets that the monitor creates. */
    private static List<ControlPoint> sockets(MonitorConfig config, PolicyFile policy) {
        return Stream.concat(
                        config.control().stream().map(path -> new ControlPoint(path.toAbsolutePath(), config.access())),
                        policy.sockets().stream())
                .toList();
    }

    private static String inForce(MonitorConfig config, PolicyFile policy) {
        return InForce.line(sockets(config, policy), policy);
    }

    private static String where(List<ControlPoint> sockets, boolean isPassed) {
        Stream<String> passed = isPassed ? Stream.of("the socket that was passed") : Stream.empty();
        return Stream.concat(passed, sockets.stream().map(point -> point.path().toString()))
                .collect(Collectors.joining(", "));
    }

    private ParameterException twoSockets() {
        return new ParameterException(
                spec.commandLine(), "'--control=PATH' and LISTEN_FDS cannot be used together: give one control socket");
    }

    private ParameterException noControl() {
        return new ParameterException(
                spec.commandLine(),
                "'--control-mode' and '--control-group' need '--control': a service manager sets the permissions of a socket"
                        + " that it passes, with SocketMode= and SocketGroup= in systemd; a policy file has mode and group");
    }

    private ParameterException noSocket() {
        return new ParameterException(spec.commandLine(), "Missing required option: '--control=PATH'");
    }

    /** Returns the configuration that the options describe. A ParameterException names an option with a wrong value. */
    MonitorConfig config() {
        MonitorConfig.Builder config = MonitorConfig.builder()
                .policy(policies.rules())
                .access(access())
                .limits(limits.limits())
                .readiness(readiness)
                .relay(relay)
                .wedge(wedge)
                .resolver(policies.resolver());
        control.ifPresent(
                path -> checked("--control: ", () -> config.control(path).build()));
        int size = (int) Math.min(pipeSize.bytes(), Integer.MAX_VALUE);
        checked("--pipe-size: ", () -> config.pipeSize(size).build());
        checked(
                "--connect-timeout: ",
                () -> config.connectTimeout(connectTimeout.duration()).build());
        checked("--linger: ", () -> config.linger(linger.duration()).build());
        return Usage.checked(
                spec, "--drain: ", () -> config.drain(drain.duration()).build());
    }

    private ControlAccess access() {
        int mode = controlMode.map(ControlMode::bits).orElse(SocketAccess.usualMode(controlGroup));
        return new ControlAccess(mode, controlGroup);
    }

    private <T> void checked(String option, Supplier<T> made) {
        Usage.checked(spec, option, made);
    }
}
