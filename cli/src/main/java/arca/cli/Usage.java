package arca.cli;

import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Usage errors. */
final class Usage {
    private Usage() {}

    /**
     * Returns what a supplier makes. If it refuses a value with an IllegalArgumentException, throws a usage error.
     *
     * @param option begins the message, such as {@code --share: }
     */
    static <T> T checked(CommandSpec spec, String option, Supplier<T> made) {
        try {
            return made.get();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), option + e.getMessage(), e);
        }
    }
}
