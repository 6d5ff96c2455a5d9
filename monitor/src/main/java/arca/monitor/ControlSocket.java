package arca.monitor;

import static arca.bindings.Constants.AF_UNIX;
import static arca.bindings.Constants.FD_CLOEXEC;
import static arca.bindings.Constants.F_SETFD;
import static arca.bindings.Constants.LOCK_EX;
import static arca.bindings.Constants.LOCK_NB;
import static arca.bindings.Constants.O_CREAT;
import static arca.bindings.Constants.O_RDWR;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_ACCEPTCONN;
import static arca.bindings.Constants.SO_PASSRIGHTS;
import static arca.bindings.Constants.SO_TYPE;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Unix socket that guests connect to, and the lock that says whose it is: {@code PATH.lock}, held as long as the
 * monitor runs and left behind, for a lock file that is removed can be locked twice. A socket file that a monitor which
 * was killed has left is replaced.
 */
final class ControlSocket implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlSocket.class);
    private static final int BACKLOG = 4096;
    private static final int OWNER_ONLY = 0600;
    private static final int S_IFMT = 0170000; // inode(7), "The file type and mode"
    private static final int S_IFSOCK = 0140000;

    private final Optional<File> file;
    private final Fd listener;
    private final boolean refusesDescriptors;

    /** The file that a listener of our own has. */
    private record File(Path path, Fd lock) {}

    private ControlSocket(Optional<File> file, Fd listener, boolean refusesDescriptors) {
        this.file = file;
        this.listener = listener;
        this.refusesDescriptors = refusesDescriptors;
    }

    /**
     * Locks the path and listens on it. The file can be connected to by its owner alone from the moment it is there.
     *
     * @throws IOException if another monitor has it, or the system does not allow it
     */
    static ControlSocket open(Path path) throws IOException {
        SocketAddress address = address(path);
        warnIfOthersMayEnter(path.toAbsolutePath().getParent());
        Fd lock = lock(path);
        try {
            removeStale(path, address);
            Fd socket = Sockets.open(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
            try {
                boolean refuses = refuseDescriptors(socket);
                // Before bind(2) it sets the mode that the file will have: measured on 6.18.
                check("fchmod", Syscalls.fchmod(socket.value(), OWNER_ONLY));
                Sockets.bind(socket, address);
                check("listen", Syscalls.listen(socket.value(), BACKLOG));
                return new ControlSocket(Optional.of(new File(path, lock)), socket, refuses);
            } catch (IOException e) {
                socket.close();
                throw e;
            }
        } catch (IOException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Takes over a socket that listens already. Its file, if it has one, is its maker's.
     *
     * @param listener owned by the control socket, also where this throws
     * @throws IOException if it is not a Unix-domain stream socket that listens
     */
    static ControlSocket inherited(Fd listener) throws IOException {
        try {
            boolean listens = Sockets.option(listener, SOL_SOCKET, SO_ACCEPTCONN) == 1
                    && Sockets.option(listener, SOL_SOCKET, SO_TYPE) == SOCK_STREAM;
            if (!listens || Sockets.localAddress(listener).family() != AF_UNIX) {
                throw new IOException("descriptor " + listener.value() + " is no Unix stream socket that listens");
            }
            listener.nonBlocking(true);
            check("fcntl F_SETFD", Syscalls.fcntl(listener.value(), F_SETFD, FD_CLOEXEC));
            refuseDescriptors(listener);
            // Guests may have connected before, and sent some.
            return new ControlSocket(Optional.empty(), listener, false);
        } catch (IOException e) {
            listener.close();
            throw e;
        }
    }

    private static SocketAddress address(Path path) throws IOException {
        try {
            return SocketAddress.Unix.path(path.toString());
        } catch (IllegalArgumentException e) {
            throw new IOException(path + ": " + e.getMessage() + ": use a shorter path", e);
        }
    }

    private static Fd lock(Path path) throws IOException {
        Fd lock = Fd.open(path + ".lock", O_CREAT | O_RDWR, OWNER_ONLY);
        int n = Syscalls.flock(lock.value(), LOCK_EX | LOCK_NB);
        if (n == 0) return lock;
        lock.close();
        if (n == -Errno.EAGAIN)
            throw new IOException(path + ": another monitor runs here: stop it, or use another path");
        throw new ErrnoException("flock " + path + ".lock", -n);
    }

    /** Removes the socket of a monitor that was killed; nothing that is no socket, or that somebody listens on. */
    private static void removeStale(Path path, SocketAddress address) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) return;
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & S_IFMT) != S_IFSOCK) {
            throw new IOException(path + ": something that is no socket is there: remove it, or use another path");
        }
        try (Fd probe = Sockets.open(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK)) {
            if (Sockets.startConnect(probe, address) != -Errno.ECONNREFUSED) {
                throw new IOException(path + ": another program listens there: use another path");
            }
        }
        Files.delete(path);
    }

    /**
     * Has the kernel refuse descriptors that guests send, also to connections made from now on. Without it a guest can
     * send the last reference to a pipe whose lock it holds, and whoever closes that waits without end.
     */
    private static boolean refuseDescriptors(Fd socket) throws ErrnoException {
        int n = Syscalls.setsockopt(socket.value(), SOL_SOCKET, SO_PASSRIGHTS, 0);
        if (n == -Errno.ENOPROTOOPT) {
            LOG.warn("this kernel has no SO_PASSRIGHTS (Linux 6.16): guests that do not trust each other are not safe"
                    + " from each other here");
            return false;
        }
        check("setsockopt SO_PASSRIGHTS", n);
        return true;
    }

    private static void warnIfOthersMayEnter(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) throw new IOException(directory + ": no such directory: make it");
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(directory);
        if (mode.contains(PosixFilePermission.GROUP_WRITE) || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            LOG.warn(
                    "{}: others may write to this directory, and put a socket of theirs in this one's place",
                    directory);
        }
    }

    /** The listening socket, non-blocking; stays this object's. */
    Fd listener() {
        return listener;
    }

    /** Whether a guest's descriptors can not reach us: then its socket may be closed by any thread. */
    boolean refusesDescriptors() {
        return refusesDescriptors;
    }

    /** Ends listening, and removes the file. */
    @Override
    public void close() {
        listener.close();
        file.ifPresent(ControlSocket::remove);
    }

    private static void remove(File file) {
        try {
            Files.deleteIfExists(file.path());
        } catch (IOException e) {
            LOG.warn("{}: not removed: {}", file.path(), e.getMessage());
        }
        file.lock().close();
    }
}
