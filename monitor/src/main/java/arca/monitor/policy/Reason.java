package arca.monitor.policy;

import arca.control.IpAddress;
import java.util.List;
import java.util.stream.Collectors;

/** Why a {@link Policy} denies an operation. Its text follows the word "denied" in a sentence. */
public sealed interface Reason {
    /** The kinds of reasons, for programs that read them. */
    enum Kind {
        /** No rule allows it. */
        NO_RULE,
        /** A rule denies it. */
        DENY_RULE,
        /** Rules allow it, but none of them names a protected range that it lies in. */
        PROTECTED,
        /** A rule allows the name, but the name resolves to an address in a protected range. */
        RESOLVES_TO_PROTECTED
    }

    /**
     * Returns what kind of reason this is.
     *
     * @return the kind
     */
    Kind kind();

    /**
     * A rule denies it.
     *
     * @param rule the rule
     */
    record DenyRule(Rule rule) implements Reason {
        @Override
        public Kind kind() {
            return Kind.DENY_RULE;
        }

        @Override
        public String toString() {
            return " by the rule " + rule;
        }
    }

    /**
     * A rule denies it that does not hold the endpoint, but another one that may be the same listener. A listener on 0.0.0.0
     * or :: has every address of the host, one on port 0 has any free port, and each loopback address may be served by one on
     * 0.0.0.0 or ::.
     *
     * @param rule the rule
     */
    record OverlappingRule(Rule rule) implements Reason {
        @Override
        public Kind kind() {
            return Kind.DENY_RULE;
        }

        @Override
        public String toString() {
            return " by the rule " + rule + ", because both may be the same listener";
        }
    }

    /**
     * A rule denies the IPv4 address that is inside an IPv6 address.
     *
     * @param rule the rule
     * @param inside the IPv4 address
     */
    record DeniesInside(Rule rule, IpAddress inside) implements Reason {
        @Override
        public Kind kind() {
            return Kind.DENY_RULE;
        }

        @Override
        public String toString() {
            return " by the rule " + rule + ", because " + inside + " is inside the address";
        }
    }

    /**
     * A rule allows the name, and another rule denies an address that the name resolves to.
     *
     * @param address the address
     * @param reason why it is denied
     */
    record ResolvesToDenied(IpAddress address, Reason reason) implements Reason {
        @Override
        public Kind kind() {
            return Kind.DENY_RULE;
        }

        @Override
        public String toString() {
            return reason + ": it resolves to " + address;
        }
    }

    /**
     * Only a rule for this address alone allows it if the address is the host's own, and the kernel does not say whether it is.
     *
     * @param error why not
     */
    record HostUnknown(String error) implements Reason {
        @Override
        public Kind kind() {
            return Kind.PROTECTED;
        }

        @Override
        public String toString() {
            return ": the kernel does not say whether this is an address of the host itself: " + error;
        }
    }

    /** No rule allows it. */
    record NoRule() implements Reason {
        @Override
        public Kind kind() {
            return Kind.NO_RULE;
        }

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
        public Kind kind() {
            return Kind.PROTECTED;
        }

        @Override
        public String toString() {
            return ": no rule names " + names(ranges);
        }
    }

    /**
     * A rule allows the name, but it resolves to an address in a range that no rule names.
     *
     * @param address the address
     * @param ranges the ranges that no rule names; at least one
     */
    record ResolvesToProtected(IpAddress address, List<ProtectedRange> ranges) implements Reason {
        /** Keeps a copy of the list. */
        public ResolvesToProtected {
            ranges = List.copyOf(ranges);
        }

        @Override
        public Kind kind() {
            return Kind.RESOLVES_TO_PROTECTED;
        }

        @Override
        public String toString() {
            return ": it resolves to " + address + ", and no rule names " + names(ranges);
        }
    }

    private static String names(List<ProtectedRange> ranges) {
        return ranges.stream().map(ProtectedRange::name).distinct().collect(Collectors.joining(" and "));
    }
}
