package arca.cli;

import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code arca connect}: a guest that connects, as netcat does. */
@Command(
        name = "connect",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        description = {
            "Connects to a TCP peer through a monitor, sends stdin to the peer, and writes the peer's bytes to stdout.",
            "",
            "The two directions end independently; the command exits when both have ended. It fails if the connection is "
                    + "reset or cut, or if the monitor ends.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | arca connect 192.0.2.1:80 --control /run/arca.sock",
            "  arca connect 192.0.2.1:7 -w 5 --recv-only >file",
            "",
            "Exit status: 0 after both directions have ended, 1 after a failure, 2 after a usage error. Once stdin has ended, "
                    + "a reset by the peer looks like an orderly end: revision 1 of the protocol cannot tell them apart.",
        })
final class ConnectCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "ADDRESS:PORT", description = "The peer: an IPv4 address and a port, as in 192.0.2.1:80.")
    private Endpoint peer;

    @Mixin
    private MonitorOption monitor;

    @Option(
            names = {"-w", "--wait"},
            paramLabel = "SECONDS",
            description =
                    "How long to wait until the connection is established; an idle connection does not end. Default: as "
                            + "long as the monitor waits, which its --connect-timeout sets.")
    private Optional<Seconds> timeout = Optional.empty();

    @Mixin
    private ReceiveOption receive;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (timeout.filter(wait -> wait.duration().isZero()).isPresent()) {
            throw new ParameterException(
                    spec.commandLine(), "'--wait': 0 is too short; to wait as long as the monitor does, omit it");
        }
        try (ArcaSession session = monitor.connect()) {
            receive.relay(new Netcat(connect(session).release(), Optional.of(session)));
        }
        return 0;
    }

    private ArcaStream connect(ArcaSession session) throws IOException {
        try {
            return session.connect(peer, timeout.map(Seconds::duration).orElse(Duration.ZERO));
        } catch (SocketTimeoutException e) {
            throw new IOException("connect " + peer + ": no answer within " + timeout.orElseThrow() + " s", e);
        } catch (ErrnoException e) {
            throw MonitorOption.explained(e, "--allow-connect " + peer);
        }
    }
}
