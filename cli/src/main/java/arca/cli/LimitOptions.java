package arca.cli;

import arca.monitor.config.Limits;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that say how much guests may have. */
final class LimitOptions {
    private static final Limits LIMITS = Limits.DEFAULT;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--pipe-memory",
            paramLabel = "SIZE",
            description =
                    "Capacity of all pipes together. Near this limit, new pipes are small. Default: what the kernel grants "
                            + "this user (fs.pipe-user-pages-soft); for root, half of the machine's memory.")
    private Size pipeMemory = new Size(LIMITS.pipeMemory());

    @Option(
            names = "--max-connections",
            paramLabel = "NUMBER",
            description = "Connections of one guest at a time. Default: ${DEFAULT-VALUE}.")
    private int maxConnections = LIMITS.connections();

    @Option(
            names = "--max-listeners",
            paramLabel = "NUMBER",
            description = "Listeners of one guest at a time. Default: ${DEFAULT-VALUE}.")
    private int maxListeners = LIMITS.listeners();

    @Option(
            names = "--max-waiting-accepts",
            paramLabel = "NUMBER",
            description = "Unanswered accept requests of one guest at a time. Default: ${DEFAULT-VALUE}.")
    private int maxWaitingAccepts = LIMITS.waitingAccepts();

    @Option(
            names = "--max-connecting",
            paramLabel = "NUMBER",
            description = "TCP handshakes of one guest at a time. Default: ${DEFAULT-VALUE}.")
    private int maxConnecting = LIMITS.connecting();

    @Option(names = "--max-guests", paramLabel = "NUMBER", description = "Guests at a time. Default: ${DEFAULT-VALUE}.")
    private int maxGuests = LIMITS.guests();

    @Option(
            names = "--max-guests-per-uid",
            paramLabel = "NUMBER",
            description =
                    "Guests of one user at a time. A user has the smaller of this and the --share of --max-guests. Default: "
                            + "${DEFAULT-VALUE}.")
    private int maxGuestsPerUid = LIMITS.guestsPerUid();

    @Option(
            names = "--copy-memory",
            paramLabel = "SIZE",
            description =
                    "How much all buffers of --relay copy may take together. A relay that gets none moves a page at a "
                            + "time. Default: ${DEFAULT-VALUE}.")
    private Size copyMemory = new Size(LIMITS.copyMemory());

    @Option(
            names = "--request-rate",
            paramLabel = "NUMBER",
            description =
                    "Requests per second of all guests. The monitor reads the requests of a user with more than his share later. "
                            + "Default: ${DEFAULT-VALUE}.")
    private int requestRate = LIMITS.requestRate();

    @Option(
            names = "--share",
            paramLabel = "PERCENT",
            description =
                    "How much of the descriptors, of --max-guests, of the pipe memory, of the copy memory, of --request-rate, of "
                            + "the log lines and of the local ports for each destination the guests of one user may have "
                            + "together. Use 100 if all guests are of one user. "
                            + "Default: ${DEFAULT-VALUE}.")
    private int share = LIMITS.share();

    /** Returns the limits that the options describe. */
    Limits limits() {
        Limits.Builder limits = Limits.builder()
                .connections(maxConnections)
                .listeners(maxListeners)
                .waitingAccepts(maxWaitingAccepts)
                .connecting(maxConnecting)
                .guests(maxGuests)
                .guestsPerUid(maxGuestsPerUid)
                .pipeMemory(pipeMemory.bytes())
                .copyMemory(copyMemory.bytes())
                .requestRate(requestRate)
                .share(share);
        return Usage.checked(spec, "--share: ", limits::build);
    }
}
