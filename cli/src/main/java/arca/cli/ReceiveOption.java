package arca.cli;

import java.io.IOException;
import picocli.CommandLine.Option;

/** The option that tells a guest command not to read stdin. */
final class ReceiveOption {
    @Option(
            names = {"-d", "--recv-only"},
            description =
                    "Do not read stdin, and half-close the connection only after the peer has. A reset by the peer is then "
                            + "always reported as a failure.")
    private boolean receiveOnly;

    /** Copies in both directions, or only from the peer if the option says so. */
    void relay(Netcat netcat) throws IOException, InterruptedException {
        if (receiveOnly) netcat.receiveOnly();
        else netcat.relay();
    }
}
