package arca.cli;

import arca.bindings.Environment;
import java.util.Optional;

/** The locale of the user who ran {@code ./arca}. That script runs the JVM in another locale. */
final class UserLocale {
    private static final String KEPT = "ARCA_LC_ALL";
    private static final String EFFECTIVE = "LC_ALL";

    private UserLocale() {}

    /** Restores the user's locale in the environment of the commands that this process starts from now on. */
    static void restore() {
        Optional<String> kept = Optional.ofNullable(System.getenv(KEPT));
        if (kept.isPresent()) Environment.set(EFFECTIVE, kept.get());
        else Environment.unset(EFFECTIVE);
        Environment.unset(KEPT);
    }
}
