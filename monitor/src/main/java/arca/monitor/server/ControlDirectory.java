package arca.monitor.server;

import static arca.bindings.Constants.S_IFDIR;
import static arca.bindings.Constants.S_ISVTX;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.FileStatus;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks the directory of a control socket. Whoever may replace a file there can put a socket of his own in the monitor's
 * place, and guests would then talk to him. So the directory must belong to the monitor's user or to root, and nobody else
 * may write to it; or it is sticky, as /tmp, where the kernel protects each user's files.
 *
 * <p>A symbolic link on the way is followed if it belongs to the monitor's user or to root, and the directory that it leads
 * to is the one that counts. A directory further up that others may write to is a warning: they can rename what is below.
 */
final class ControlDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(ControlDirectory.class);
    private static final int OTHERS_WRITE = 0022;
    private static final int ROOT = 0;

    private ControlDirectory() {}

    /**
     * Checks the directory of {@code path}, and those above it.
     *
     * @throws IOException if it is missing, cannot be reached, or is open to others
     */
    static void check(Path path) throws IOException {
        Path directory = path.toAbsolutePath().getParent();
        if (directory == null) throw new IOException(path + ": this is a directory: name a file in it");
        Path above = directory.getRoot();
        for (Path name : directory) {
            FileStatus status = status(above);
            if (othersMayReplaceFiles(status)) {
                LOG.warn("{}: others may write to this directory, and put another one in the place of {}", above, name);
            }
            above = above.resolve(name);
            refuseLinkOfOthers(above);
        }
        FileStatus status = status(directory);
        if (!isTrusted(status.uid())) {
            throw new IOException(directory + ": this directory belongs to uid "
                    + Integer.toUnsignedString(status.uid())
                    + ", who can put another socket in this one's place: use a directory of this user or of root");
        }
        if (othersMayReplaceFiles(status)) {
            throw new IOException(directory + ": others may write to this directory, and put a socket of theirs in this"
                    + " one's place: chmod go-w it, or use another directory");
        }
    }

    private static FileStatus status(Path directory) throws IOException {
        try {
            FileStatus status = FileStatus.of(directory.toString());
            if (status.type() == S_IFDIR) return status;
        } catch (ErrnoException e) {
            if (e.errno() == Errno.EACCES) throw notSearchable(directory.getParent());
            if (e.errno() == Errno.ENOENT) throw new IOException(directory + ": no such directory: make it");
            throw e;
        }
        throw new IOException(directory + ": this is not a directory");
    }

    private static void refuseLinkOfOthers(Path path) throws IOException {
        try {
            FileStatus status = FileStatus.ofLink(path.toString());
            if (isTrusted(status.uid()) || status.type() == S_IFDIR) return;
            throw new IOException(
                    path + ": a symbolic link that belongs to uid " + Integer.toUnsignedString(status.uid())
                            + ", who can change where it leads: name the directory itself");
        } catch (ErrnoException e) {
            if (e.errno() == Errno.EACCES) throw notSearchable(path.getParent());
            // Otherwise status() says what is wrong, in the next round.
        }
    }

    /** What to say when the kernel does not let this user look into a directory. */
    static IOException notSearchable(Path directory) {
        return new IOException(directory + ": uid " + Integer.toUnsignedString(Syscalls.geteuid())
                + " may not search this directory: chmod it, or use another path");
    }

    private static boolean othersMayReplaceFiles(FileStatus directory) {
        return (directory.mode() & OTHERS_WRITE) != 0 && (directory.mode() & S_ISVTX) == 0;
    }

    private static boolean isTrusted(int uid) {
        return uid == ROOT || uid == Syscalls.geteuid();
    }
}
