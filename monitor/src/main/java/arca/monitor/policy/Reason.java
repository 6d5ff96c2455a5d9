package arca.monitor.policy;

import java.util.List;
import java.util.stream.Collectors;

/** Why a {@link Policy} denies an operation. Its text follows the word "denied" in a sentence. */
public sealed interface Reason {
    /**
     * A rule denies it.
     *
     * @param rule the rule
     */
    record DenyRule(Rule rule) implements Reason {
        @Override
        public String toString() {
            return " by the rule " + rule;
        }
    }

    /**
     * A rule denies it that does not hold the endpoint, but another one that may be the same listener. A listener on 0.0.0.0
     * has every address of the host, one on port 0 has any free port, and each loopback address may be served by one on
     * 0.0.0.0.
     *
     * @param rule the rule
     */
    record OverlappingRule(Rule rule) implements Reason {
        @Override
        public String toString() {
            return " by the rule " + rule + ", because both may be the same listener";
        }
    }

    /**
     * Only a rule for this address alone allows it if the address is the host's own, and the kernel does not say whether it is.
     *
     * @param error why not
     */
    record HostUnknown(String error) implements Reason {
        @Override
        public String toString() {
            return ": the kernel does not say whether this is an address of the host itself: " + error;
        }
    }

    /** No rule allows it. */
    record NoRule() implements Reason {
        @Override
        public String toString() {
            return ": no rule allows it";
        }
    }

    /**
     * Rules allow it, but none of them names a range that it lies in.
     *
     * @param ranges the ranges that no rule names; at least one
     */
    record NotNamed(List<ProtectedRange> ranges) implements Reason {
        /** Keeps a copy of the list. */
        public NotNamed {
            ranges = List.copyOf(ranges);
        }

        @Override
        public String toString() {
            return ": no rule names "
                    + ranges.stream().map(ProtectedRange::name).collect(Collectors.joining(" and "));
        }
    }
}
