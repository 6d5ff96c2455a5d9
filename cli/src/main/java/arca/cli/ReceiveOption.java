package arca.cli;

import java.io.IOException;
import picocli.CommandLine.Option;

/** Whether a command that is a guest reads stdin. */
final class ReceiveOption {
    @Option(
            names = {"-d", "--recv-only"},
            description =
                    "Do not read stdin, and end this side only after the peer has ended its own. Then a reset is never "
                            + "taken for an end.")
    private boolean receiveOnly;

    /** Copies what it should. */
    void relay(Netcat netcat) throws IOException, InterruptedException {
        if (receiveOnly) netcat.receiveOnly();
        else netcat.relay();
    }
}
