package arca.monitor;

/** What the policy says of a connect. The reason is a sentence for the log, with its cure where there is one. */
sealed interface Decision {
    /** The guest may connect. */
    record Allowed() implements Decision {}

    /** The guest may not. */
    record Denied(String why) implements Decision {}

    /** The guest may not where the address is one of the host's own, which the kernel knows. */
    record DeniedIfOwn(String why) implements Decision {}
}
