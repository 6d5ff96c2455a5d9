package arca.cli;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.guest.ArcaSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The monitor of a command that is a guest. */
final class MonitorOption {
    private static final String USUAL = "/run/arca/arca.sock";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--control",
            paramLabel = "PATH",
            defaultValue = "${env:ARCA_CONTROL:-" + USUAL + "}",
            description =
                    "The control socket of the monitor, as it was told by its own --control. Default: the environment "
                            + "variable ARCA_CONTROL, or else " + USUAL + ".")
    private Path control;

    /** A session with it, the caller's. */
    ArcaSession connect() throws IOException {
        try {
            return ArcaSession.connect(control);
        } catch (ErrnoException e) {
            if (e.errno() != Errno.ENOENT && e.errno() != Errno.ECONNREFUSED) throw e;
            throw new IOException(e.getMessage() + ": " + whatIsThere(), e);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--control: " + e.getMessage(), e);
        }
    }

    private String whatIsThere() {
        if (Files.isDirectory(control))
            return "that is a directory, and --control takes the path of a monitor's socket";
        if (Files.isRegularFile(control)) return "that is a file, and --control takes the path of a monitor's socket";
        return "no monitor runs there";
    }

    /** What a request was answered, with the cure where the monitor's policy denies it. */
    static IOException explained(ErrnoException e, String flag) {
        if (e.errno() != Errno.EACCES) return e;
        return new IOException(
                e.getMessage() + ": the monitor's policy denies it; its log says why, and " + flag + " allows it", e);
    }
}
