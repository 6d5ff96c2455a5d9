package arca.monitor.policy;

/** What the policy says of a connect. The reason is a sentence for the log, with its cure where there is one. */
public sealed interface Decision {
    /** The guest may connect. */
    record Allowed() implements Decision {}

    /**
     * The guest may not.
     *
     * @param why the reason, a sentence
     */
    record Denied(String why) implements Decision {}

    /**
     * The guest may not, if the address is one of the host's own. Only the kernel knows that.
     *
     * @param why the reason, a sentence
     */
    record DeniedIfOwn(String why) implements Decision {}
}
