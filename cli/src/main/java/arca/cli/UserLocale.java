package arca.cli;

import arca.bindings.Environment;
import java.util.Optional;

/** The locale of the user who called {@code ./arca}, which runs the JVM in one of its own. */
final class UserLocale {
    private static final String KEPT = "ARCA_LC_ALL";
    private static final String EFFECTIVE = "LC_ALL";

    private UserLocale() {}

    /** Has every command that this process starts from now on see the user's own locale again. */
    static void restore() {
        Optional<String> kept = Optional.ofNullable(System.getenv(KEPT));
        if (kept.isPresent()) Environment.set(EFFECTIVE, kept.get());
        else Environment.unset(EFFECTIVE);
        Environment.unset(KEPT);
    }
}
