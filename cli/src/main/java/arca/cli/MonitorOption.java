package arca.cli;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.guest.ArcaSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The option that tells a guest command which monitor to use. */
final class MonitorOption {
    static final String USUAL = "/run/arca/arca.sock";

    private static final String OPTION = "--control";
    private static final String VARIABLE = "ARCA_CONTROL";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = OPTION,
            paramLabel = "PATH",
            description =
                    "The monitor's control socket: the path that was given to arca monitor --control. Default: the value "
                            + "of the environment variable " + VARIABLE + " if it is set and not empty, else " + USUAL
                            + ".")
    private Optional<Path> control = Optional.empty();

    /** Opens a session with the monitor. The caller owns it. */
    ArcaSession connect() throws IOException {
        Path path = path();
        try {
            return ArcaSession.connect(path);
        } catch (ErrnoException e) {
            if (e.errno() != Errno.ENOENT && e.errno() != Errno.ECONNREFUSED) throw e;
            throw new IOException(e.getMessage() + ": " + whatIsWrong(path), e);
        } catch (IllegalArgumentException e) {
            throw wrong(control.isPresent() ? OPTION : VARIABLE, e);
        }
    }

    private Path path() {
        String variable = System.getenv().getOrDefault(VARIABLE, "");
        if (control.isPresent() || variable.isEmpty()) return control.orElse(Path.of(USUAL));
        try {
            return Main.socket(variable);
        } catch (TypeConversionException e) {
            throw wrong(VARIABLE, e);
        }
    }

    private ParameterException wrong(String name, RuntimeException e) {
        return new ParameterException(spec.commandLine(), name + ": " + e.getMessage(), e);
    }

    private static String whatIsWrong(Path control) {
        if (Files.isDirectory(control)) return "this is a directory; --control needs the path of a monitor's socket";
        if (Files.isRegularFile(control))
            return "this is a regular file; --control needs the path of a monitor's socket";
        return "no monitor is running at this path; start one with arca monitor --control " + control;
    }

    /**
     * Returns the exception of a refused request. If the policy denied it, the message says who knows why.
     *
     * @param option the option that allows it, if the monitor has no policy file
     */
    static IOException explained(ErrnoException e, String option) {
        if (e.errno() != Errno.EACCES) return e;
        return new IOException(
                e.getMessage()
                        + ": the monitor's policy denies it; the monitor's log says why, and which rule allows it: "
                        + option + ", or a line in its policy file",
                e);
    }
}
