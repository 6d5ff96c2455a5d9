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
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code arca connect}: a guest that connects, as netcat. */
@Command(
        name = "connect",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        description = {
            "Connects by TCP through a monitor: what comes on stdin goes to the peer, and the peer's bytes to stdout.",
            "",
            "The end of stdin ends that direction alone, and so does the peer's; the command ends after both. A connection "
                    + "that breaks off, or whose monitor ends, is a failure.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | arca connect 192.0.2.1:80 --control /run/arca.sock",
            "  arca connect 192.0.2.1:7 -w 5 --recv-only >file",
            "",
            "Exit status: 0 after both directions have ended, 1 if it failed or broke off, 2 after a usage error. After "
                    + "the end of stdin, revision 1 of the protocol does not tell a peer's reset from its end.",
        })
final class ConnectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ADDRESS:PORT", description = "Where to: an IPv4 address, and a port.")
    private Endpoint peer;

    @Mixin
    private MonitorOption monitor;

    @Option(
            names = {"-w", "--wait"},
            paramLabel = "SECONDS",
            description =
                    "How long to wait for the connection. Default: as long as the monitor does. It does not end a "
                            + "connection on which nothing comes.")
    private Optional<Seconds> timeout = Optional.empty();

    @Mixin
    private ReceiveOption receive;

    @Override
    public Integer call() throws IOException, InterruptedException {
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
