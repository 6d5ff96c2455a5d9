package arca.benchmarks;

import static arca.bindings.Constants.MSG_DONTWAIT;
import static arca.bindings.Constants.MSG_NOSIGNAL;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.ErrnoException.check;

import arca.bindings.Fd;
import arca.bindings.ScmRights;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.control.guest.DataPipes.Ends;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds the other ends of idle connections without a descriptor in this process. The peers stay in the backlog of a
 * listener, and the guest's ends are in a message that nobody reads. So each connection takes only the monitor's three
 * descriptors, as in a real monitor. The kernel limits how many descriptors of a user are in messages, by
 * RLIMIT_NOFILE: unix(7), ETOOMANYREFS.
 */
final class IdlePeers implements AutoCloseable {
    private static final int BACKLOG = 4096; // net.core.somaxconn, as it is unless it was changed
    private static final int MESSAGE = 200; // descriptors; a socket has room for some hundred messages

    private final Arena arena = Arena.ofConfined();
    private final ScmRights message = new ScmRights(arena, 1, MESSAGE);
    private final Sockets.Pair unread = Sockets.pair(SOCK_STREAM);
    private final List<Fd> listeners = new ArrayList<>();
    private final List<Ends> next = new ArrayList<>();
    private int port;
    private int connected;

    IdlePeers() throws IOException {}

    /** Where the next connection is to go. */
    int port() throws IOException {
        if (connected++ % BACKLOG == 0) {
            listeners.add(Sockets.listen(Loopback.ANY_PORT, 0, BACKLOG));
            port = ((SocketAddress.IPv4) Sockets.localAddress(listeners.getLast())).port();
        }
        return port;
    }

    /** Puts the guest's ends aside; they are this object's now. */
    void keep(Ends ends) throws IOException {
        next.add(ends);
        if (2 * next.size() == MESSAGE) post();
    }

    /** Puts aside what was not yet. */
    void post() throws IOException {
        int n = 0;
        for (Ends ends : next) {
            message.put(n++, ends.reader().value());
            message.put(n++, ends.writer().value());
        }
        if (n > 0) check("sendmsg", message.send(unread.first().value(), 1, n, MSG_DONTWAIT | MSG_NOSIGNAL));
        close(next);
        next.clear();
    }

    private static void close(List<Ends> all) {
        for (Ends ends : all) {
            ends.reader().close();
            ends.writer().close();
        }
    }

    /** Closes all of it, which ends the connections. */
    @Override
    public void close() {
        close(next);
        unread.first().close();
        unread.second().close();
        listeners.forEach(Fd::close);
        arena.close();
    }
}
