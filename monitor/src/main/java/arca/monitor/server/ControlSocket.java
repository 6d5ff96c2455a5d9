package arca.monitor.server;

import static arca.bindings.Constants.AF_UNIX;
import static arca.bindings.Constants.FD_CLOEXEC;
import static arca.bindings.Constants.F_SETFD;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_ACCEPTCONN;
import static arca.bindings.Constants.SO_PASSRIGHTS;
import static arca.bindings.Constants.SO_TYPE;
import static arca.bindings.Constants.S_IFSOCK;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.FileStatus;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.monitor.config.ControlAccess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Unix socket that guests connect to. Its path belongs to one monitor at a time: the one that has the {@link ControlLock}.
 * That monitor may replace a socket file that a killed monitor has left. {@link #close} removes only the file that this
 * monitor has made.
 */
public final class ControlSocket implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlSocket.class);
    private static final int BACKLOG = 4096;

    private final Optional<File> file;
    private final Fd listener;
    private final boolean refusesDescriptors;

    /** The file of a socket that this monitor has made, and its lock. */
    private record File(Path path, FileStatus status, ControlLock lock) {
        void remove() {
            ControlLock.remove(path.toString(), status);
            lock.close();
        }
    }

    private ControlSocket(Optional<File> file, Fd listener, boolean refusesDescriptors) {
        this.file = file;
        this.listener = listener;
        this.refusesDescriptors = refusesDescriptors;
    }

    /**
     * Locks the path and listens on it.
     *
     * @param access who may connect
     * @throws IOException if another monitor has the path, or the system does not allow it
     */
    public static ControlSocket open(Path path, ControlAccess access) throws IOException {
        SocketAddress address = address(path);
        ControlDirectory.check(path);
        ControlLock lock = ControlLock.take(path);
        try {
            removeStale(path, address);
            Fd socket = Sockets.open(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK);
            try {
                boolean refuses = refuseDescriptors(socket);
                File made = new File(path, bind(socket, path, address, access), lock);
                return new ControlSocket(Optional.of(made), socket, refuses);
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
     * Makes the socket file and listens. At no time can somebody connect who may not: the file never has more permissions than
     * {@code access} gives, and nobody can connect before listen(2), which comes last.
     */
    private static FileStatus bind(Fd socket, Path path, SocketAddress address, ControlAccess access)
            throws IOException {
        // For a socket, this sets the mode that bind(2) gives to the file, less the umask (measured on 6.18).
        check("fchmod", Syscalls.fchmod(socket.value(), access.mode()));
        Sockets.bind(socket, address);
        FileStatus made = FileStatus.ofLink(path.toString());
        try {
            access.applyTo(path);
            check("listen", Syscalls.listen(socket.value(), BACKLOG));
            return made;
        } catch (IOException e) {
            ControlLock.remove(path.toString(), made);
            throw e;
        }
    }

    /**
     * Takes over a socket that listens already. If it has a file, whoever made it removes it.
     *
     * @param listener the control socket owns it from now on, even if this throws
     * @throws IOException if it is not a Unix-domain stream socket that listens
     */
    public static ControlSocket inherited(Fd listener) throws IOException {
        try {
            boolean listens = Sockets.option(listener, SOL_SOCKET, SO_ACCEPTCONN) == 1
                    && Sockets.option(listener, SOL_SOCKET, SO_TYPE) == SOCK_STREAM;
            if (!listens || Sockets.localAddress(listener).family() != AF_UNIX) {
                throw new IOException("descriptor " + listener.value() + " is not a Unix stream socket that listens");
            }
            listener.nonBlocking(true);
            check("fcntl F_SETFD", Syscalls.fcntl(listener.value(), F_SETFD, FD_CLOEXEC));
            refuseDescriptors(listener);
            // Guests may have connected before this, and have sent descriptors.
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

    /** Removes the socket file that a killed monitor of this user has left, and nothing else. */
    private static void removeStale(Path path, SocketAddress address) throws IOException {
        FileStatus status;
        try {
            status = FileStatus.ofLink(path.toString());
        } catch (ErrnoException e) {
            if (e.errno() == Errno.ENOENT) return;
            throw e;
        }
        if (status.type() != S_IFSOCK) {
            throw new IOException(path + ": something that is not a socket is there: remove it, or use another path");
        }
        if (status.uid() != Syscalls.geteuid()) {
            throw new IOException(path + ": a socket of uid " + Integer.toUnsignedString(status.uid())
                    + " is there: remove it, or use another path");
        }
        try (Fd probe = Sockets.open(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK)) {
            if (Sockets.startConnect(probe, address) != -Errno.ECONNREFUSED) {
                throw new IOException(path + ": another program listens there: use another path");
            }
        }
        ControlLock.remove(path.toString(), status);
    }

    /**
     * Makes the kernel refuse descriptors that guests send. Connections that are accepted from now on inherit this. Without it,
     * a guest can send the last descriptor of a pipe whose lock it holds, and whoever closes that blocks for as long as the
     * guest likes.
     */
    private static boolean refuseDescriptors(Fd socket) throws ErrnoException {
        int n = Syscalls.setsockopt(socket.value(), SOL_SOCKET, SO_PASSRIGHTS, 0);
        if (n == -Errno.ENOPROTOOPT) {
            LOG.warn(
                    "this kernel has no SO_PASSRIGHTS, which Linux 6.16 has: guests that do not trust each other are not safe"
                            + " from each other here");
            return false;
        }
        check("setsockopt SO_PASSRIGHTS", n);
        return true;
    }

    /**
     * Changes who may connect.
     *
     * @throws IOException if the system does not allow it
     */
    void access(ControlAccess access) throws IOException {
        if (file.isPresent()) access.applyTo(file.get().path());
    }

    /** Returns the path, as the configuration names it; empty if the socket was passed to this process. */
    Optional<Path> path() {
        return file.map(File::path);
    }

    /** Returns the listening socket. It does not block, and this object owns it. */
    Fd listener() {
        return listener;
    }

    /** Returns whether the kernel refuses all descriptors that guests send. Then any thread may close a guest's socket. */
    boolean refusesDescriptors() {
        return refusesDescriptors;
    }

    /** Removes the file, then closes the socket. As long as the socket is open, no other file can have its inode number. */
    @Override
    public void close() {
        file.ifPresent(File::remove);
        listener.close();
    }
}
