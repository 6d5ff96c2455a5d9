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

/** {@code arca listen}: a guest that accepts connections, as netcat -l or as inetd does. */
@Command(
        name = "listen",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        description = {
            "Listens on a TCP port through a monitor, and prints a line on stderr once it does. It accepts one connection, "
                    + "sends stdin to the peer, and writes the peer's bytes to stdout.",
            "",
            "The two directions end independently; the command exits when both have ended. It fails if the connection is "
                    + "reset or cut, or if the monitor ends.",
            "",
            "With --exec, it accepts all connections and starts a command for each, in a process group of its own. The "
                    + "response ends when the command and all its children have closed their stdout. If the peer resets the "
                    + "connection, the group gets SIGTERM. If the monitor stops, arca listen waits for the running commands "
                    + "and then fails. If a signal ends arca listen, each group gets SIGTERM, and SIGKILL 5 seconds later; "
                    + "but after SIGKILL of arca listen, the commands run on.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  arca listen 127.0.0.1:8080 --control /run/arca.sock >upload",
            "  arca listen 127.0.0.1:8080 --control /run/arca.sock --exec 'tr a-z A-Z'",
            "",
            "Exit status: 0 after the connection has ended, 1 after a failure, 2 after a usage error. Once stdin has ended, "
                    + "a reset by the peer looks like an orderly end: revision 1 of the protocol cannot tell them apart.",
        })
final class ListenCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "ADDRESS:PORT",
            description = "Where to listen: an IPv4 address of the host, and a port, as in 127.0.0.1:8080.")
    private Endpoint at;

    @Mixin
    private MonitorOption monitor;

    @Option(
            names = "--exec",
            paramLabel = "COMMAND",
            description = "Start this shell command for each connection, with the connection as its stdin and stdout: "
                    + "--exec 'tr a-z A-Z'.")
    private Optional<String> command = Optional.empty();

    @Option(
            names = "--max-commands",
            paramLabel = "NUMBER",
            description =
                    "With --exec: how many commands may run at a time. Further connections wait. A command runs until the "
                            + "last process of its group has ended. Default: ${DEFAULT-VALUE}.")
    private int mostCommands = 64;

    @Mixin
    private ReceiveOption receive;

    @Override
    public Integer call() throws IOException, InterruptedException {
        checkUsage();
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

    private void checkUsage() {
        if (at.port() == 0) {
            throw wrong("port 0 is not supported: revision 1 of the protocol cannot tell a guest which port it got; "
                    + "name a port");
        }
        if (command.isEmpty() && isGiven("--max-commands")) throw wrong("'--max-commands' needs '--exec'");
        if (command.isPresent() && isGiven("--recv-only")) {
            throw wrong("'--recv-only' cannot be used with '--exec': the command decides what it reads and sends");
        }
    }

    private boolean isGiven(String option) {
        return spec.commandLine().getParseResult().hasMatchedOption(option);
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
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
        session.close(); // closes the listener; the connection stays
        receive.relay(new Netcat(connection, secondSession()));
    }

    /** Opens a session that tells, when the connection ends, whether the monitor lives. Empty if the monitor refuses it. */
    private Optional<ArcaSession> secondSession() {
        try {
            ArcaSession session = monitor.connect(); // stays open until this process ends
            session.ping();
            return Optional.of(session);
        } catch (IOException e) {
            return Optional.empty(); // the connection works without it; only its end is then less certain
        }
    }

    private void say(String line) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("arca: " + line);
        err.flush();
    }
}
