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

/** The option that tells a guest command which monitor to use. */
final class MonitorOption {
    private static final String USUAL = "/run/arca/arca.sock";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--control",
            paramLabel = "PATH",
            defaultValue = "${env:ARCA_CONTROL:-" + USUAL + "}",
            description =
                    "The monitor's control socket: the path that was given to arca monitor --control. Default: the value "
                            + "of the environment variable ARCA_CONTROL if it is set, else " + USUAL + ".")
    private Path control;

    /** Opens a session with the monitor. The caller owns it. */
    ArcaSession connect() throws IOException {
        try {
            return ArcaSession.connect(control);
        } catch (ErrnoException e) {
            if (e.errno() != Errno.ENOENT && e.errno() != Errno.ECONNREFUSED) throw e;
            throw new IOException(e.getMessage() + ": " + whatIsWrong(), e);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--control: " + e.getMessage(), e);
        }
    }

    private String whatIsWrong() {
        if (Files.isDirectory(control)) return "this is a directory; --control needs the path of a monitor's socket";
        if (Files.isRegularFile(control))
            return "this is a regular file; --control needs the path of a monitor's socket";
        return "no monitor is running at this path; start one with arca monitor --control " + control;
    }

    /** Returns the exception of a refused request. If the policy denied it, the message names the flag that allows it. */
    static IOException explained(ErrnoException e, String flag) {
        if (e.errno() != Errno.EACCES) return e;
        return new IOException(
                e.getMessage() + ": the monitor's policy denies it; the monitor's log says why, and its flag " + flag
                        + " allows it",
                e);
    }
}
