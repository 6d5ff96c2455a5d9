package arca.monitor;

import arca.control.Endpoint;
import java.util.Optional;
import java.util.function.IntPredicate;

/** Where guests may connect and listen. */
public final class Policy {
    /** Allows nothing. */
    public static final Policy NOTHING = new Policy();

    private Policy() {}

    /** Why a connect is denied, with the rule that would allow it; empty if it is allowed. */
    Optional<String> deniesConnect(Endpoint to, IntPredicate ownAddress) {
        return Optional.of("not yet");
    }

    /** Why a listen is denied, with the rule that would allow it; empty if it is allowed. */
    Optional<String> deniesListen(Endpoint at) {
        return Optional.of("not yet");
    }
}
