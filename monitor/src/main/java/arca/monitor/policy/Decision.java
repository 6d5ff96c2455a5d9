package arca.monitor.policy;

import java.util.Optional;

/** What a {@link Policy} decides on an operation. */
public sealed interface Decision {
    /**
     * The guest may do it.
     *
     * @param rule the rule that allows it
     */
    record Allowed(Rule rule) implements Decision {}

    /**
     * The guest may not do it.
     *
     * @param operation what it asked for
     * @param destination where
     * @param reason why not
     * @param remedy a rule that would allow this and nothing else; empty if a rule denies it, because no other rule can
     *     then allow it
     */
    record Denied(Operation operation, Destination destination, Reason reason, Optional<Rule> remedy)
            implements Decision {
        /** Returns a sentence, such as {@code connect to 192.0.2.1:80 denied: no rule allows it}. */
        @Override
        public String toString() {
            return operation + " " + destination + " denied" + reason;
        }
    }

    /**
     * The guest may do it, unless the address is one of the host's own. Only the kernel knows that.
     *
     * @param denied the decision if it is
     * @param rule the rule that allows it if it is not
     */
    record DeniedIfOwn(Denied denied, Rule rule) implements Decision {}
}
