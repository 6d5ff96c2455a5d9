package arca.monitor.cli;

import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
            "The end of stdin ends that direction alone, and so does the peer's; the command ends after both.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | arca connect 192.0.2.1:80 --control /run/arca.sock",
            "",
            "Exit status: 0 after both directions have ended, 1 if it failed, 2 if it was called wrongly.",
        })
final class ConnectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ADDRESS:PORT", description = "Where to: an IPv4 address, and a port.")
    private Endpoint peer;

    @Mixin
    private MonitorOption monitor;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (ArcaSession session = monitor.connect();
                ArcaStream stream = connect(session)) {
            Netcat.relay(stream);
        }
        return 0;
    }

    private ArcaStream connect(ArcaSession session) throws IOException {
        try {
            return session.connect(peer);
        } catch (ErrnoException e) {
            throw MonitorOption.explained(e, "--allow-connect " + peer);
        }
    }
}
