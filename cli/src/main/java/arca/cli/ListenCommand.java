package arca.cli;

import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.DataPipes;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code arca listen}: a guest that accepts, as netcat -l or as inetd. */
@Command(
        name = "listen",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        description = {
            "Listens by TCP through a monitor, and says so on stderr. It takes one connection: what comes on stdin goes to "
                    + "the peer, and the peer's bytes to stdout.",
            "",
            "The end of stdin ends that direction alone, and so does the peer's; the command ends after both. A connection "
                    + "that breaks off, or whose monitor ends, is a failure.",
            "",
            "With --exec it serves every connection by a command that leads a process group of its own. The response ends "
                    + "when the command, and all it has started, have closed their stdout. If the connection breaks off, the "
                    + "group gets SIGTERM. When the monitor stops, it waits for the commands that run, and fails. Ended by "
                    + "a signal, it sends the groups SIGTERM, and SIGKILL 5 seconds later; SIGKILL alone leaves them to finish.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  arca listen 127.0.0.1:8080 --control /run/arca.sock >upload",
            "  arca listen 127.0.0.1:8080 --control /run/arca.sock --exec 'tr a-z A-Z'",
            "",
            "Exit status: 0 after its one connection, 1 if it failed or broke off, 2 after a usage error. After the "
                    + "end of stdin, revision 1 of the protocol does not tell a peer's reset from its end.",
        })
final class ListenCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "ADDRESS:PORT", description = "Where: an IPv4 address of the host, and a port.")
    private Endpoint at;

    @Mixin
    private MonitorOption monitor;

    @Option(
            names = "--exec",
            paramLabel = "COMMAND",
            description =
                    "Serve every connection, many at a time, by a command of sh(1) that has it as stdin and stdout.")
    private Optional<String> command = Optional.empty();

    @Option(
            names = "--max-commands",
            paramLabel = "NUMBER",
            description =
                    "With --exec: the most commands that run at a time, until the last process of each has ended. "
                            + "Connections beyond that wait. Default: ${DEFAULT-VALUE}.")
    private int mostCommands = 64;

    @Mixin
    private ReceiveOption receive;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (at.port() == 0) {
            throw new ParameterException(
                    spec.commandLine(),
                    "port 0: revision 1 of the protocol does not tell which port the monitor would take; name one");
        }
        try (ArcaSession session = monitor.connect()) {
            ArcaListener listener = listen(session);
            if (command.isPresent()) {
                Commands commands = new Commands(command.get());
                say("listening on " + at);
                new CommandServer(listener, commands, mostCommands, this::say).serve();
            } else {
                say("listening on " + at);
                serveOne(session, listener);
            }
        }
        return 0;
    }

    private ArcaListener listen(ArcaSession session) throws IOException {
        try {
            return session.listen(at);
        } catch (ErrnoException e) {
            throw MonitorOption.explained(e, "--allow-listen " + at);
        }
    }

    private void serveOne(ArcaSession session, ArcaListener listener) throws IOException, InterruptedException {
        DataPipes.Ends connection = listener.accept().release();
        session.close(); // listens no more; the connection goes on
        receive.relay(new Netcat(connection, another()));
    }

    /** A session to ask, at the connection's end, whether the monitor is there; none where it lets no more guests in. */
    private Optional<ArcaSession> another() {
        try {
            ArcaSession session = monitor.connect(); // until this process ends
            session.ping();
            return Optional.of(session);
        } catch (IOException e) {
            return Optional.empty(); // the connection matters more than how sure its end is
        }
    }

    private void say(String line) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("arca: " + line);
        err.flush();
    }
}
