package arca.monitor.cli;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.guest.ArcaSession;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The monitor of a command that is a guest. */
final class MonitorOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--control",
            required = true,
            paramLabel = "PATH",
            description = "The control socket of the monitor, as it was told by its own --control.")
    private Path control;

    /** A session with it, the caller's. */
    ArcaSession connect() throws IOException {
        try {
            return ArcaSession.connect(control);
        } catch (ErrnoException e) {
            if (e.errno() != Errno.ENOENT && e.errno() != Errno.ECONNREFUSED) throw e;
            throw new IOException(e.getMessage() + ": no monitor runs there", e);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--control: " + e.getMessage(), e);
        }
    }

    /** What a request was answered, with the cure where the monitor's policy denies it. */
    static IOException explained(ErrnoException e, String flag) {
        if (e.errno() != Errno.EACCES) return e;
        return new IOException(
                e.getMessage() + ": the monitor's policy denies it; its log says why, and " + flag + " allows it", e);
    }
}
