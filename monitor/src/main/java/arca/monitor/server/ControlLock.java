package arca.monitor.server;

import static arca.bindings.Constants.LOCK_EX;
import static arca.bindings.Constants.LOCK_NB;
import static arca.bindings.Constants.O_CREAT;
import static arca.bindings.Constants.O_NOFOLLOW;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.O_RDWR;
import static arca.bindings.Constants.S_IFREG;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.FileStatus;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which monitor has the path of a control socket, by a lock on the file {@code PATH.lock}. The kernel releases the
 * lock when the monitor ends, however it ends. {@link #close} removes the file. A file that a killed monitor has left is used
 * again.
 *
 * <p>Nobody else can keep a monitor from starting by holding this lock: a lock file belongs to the monitor's own user and
 * has mode 0600, so no other user can open it. Anything else under that name is refused and stays as it is.
 *
 * <p>After a file has been removed, two monitors could each have a lock: one on the old file, and one on a new file of the same
 * name. So a lock counts only while the path still names the locked file.
 */
final class ControlLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlLock.class);
    private static final int OWNER_ONLY = 0600;
    private static final int OF_OTHERS = 0077;

    private final String name;
    private final Fd file;
    private final FileStatus status;

    private ControlLock(String name, Fd file, FileStatus status) {
        this.name = name;
        this.file = file;
        this.status = status;
    }

    /**
     * Takes the lock of a control socket's path.
     *
     * @throws IOException if another monitor has it, or something else has the lock file's name
     */
    static ControlLock take(Path path) throws IOException {
        for (; ; ) { // again only if another monitor has just removed the file
            Optional<ControlLock> lock = tryTake(path, path + ".lock");
            if (lock.isPresent()) return lock.get();
        }
    }

    private static Optional<ControlLock> tryTake(Path path, String name) throws IOException {
        Fd file = open(name);
        try {
            FileStatus status = FileStatus.of(file);
            if (status.links() == 0) return closed(file);
            if (status.type() != S_IFREG
                    || status.uid() != Syscalls.geteuid()
                    || status.links() != 1
                    || (status.mode() & OF_OTHERS) != 0) {
                throw notALockFile(name);
            }
            int n = Syscalls.flock(file.value(), LOCK_EX | LOCK_NB);
            if (n == -Errno.EAGAIN)
                throw new IOException(path + ": another monitor runs here: stop it, or use another path");
            check("flock " + name, n);
            if (!names(name, status)) return closed(file);
            return Optional.of(new ControlLock(name, file, status));
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static Optional<ControlLock> closed(Fd file) {
        file.close();
        return Optional.empty();
    }

    /** Opens or creates the file. O_NONBLOCK keeps a FIFO from blocking, and O_NOFOLLOW refuses a symbolic link. */
    private static Fd open(String name) throws IOException {
        try {
            return Fd.open(name, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, OWNER_ONLY);
        } catch (ErrnoException e) {
            if (exists(name)) throw notALockFile(name);
            throw e;
        }
    }

    private static boolean exists(String name) {
        try {
            FileStatus.ofLink(name);
            return true;
        } catch (ErrnoException e) {
            return false;
        }
    }

    private static IOException notALockFile(String name) {
        return new IOException(name + ": this is not a lock file of uid " + Integer.toUnsignedString(Syscalls.geteuid())
                + " (a regular file with one name and mode 0600): remove it, or use another path");
    }

    /** Returns whether a path names this file, and not another one or a link to it. */
    static boolean names(String path, FileStatus file) {
        try {
            return FileStatus.ofLink(path).isSameFile(file);
        } catch (ErrnoException e) {
            return false;
        }
    }

    /** Removes a file if its path still names it. The caller holds the lock. */
    static void remove(String path, FileStatus file) {
        if (!names(path, file)) return; // the path names another file now, or none
        try (Arena arena = Arena.ofConfined()) {
            int n = Syscalls.unlink(arena.allocateFrom(path));
            if (n < 0) LOG.warn("{}: this file could not be removed: {}", path, Errno.describe(-n));
        }
    }

    /** Removes the file, then releases the lock. In this order, nobody can lock the file in between. */
    @Override
    public void close() {
        remove(name, status);
        file.close();
    }
}
