package arca.monitor.server;

import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Fd;
import arca.bindings.Pipe;
import arca.bindings.Poll;
import arca.bindings.ScmRights;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.testkit.KernelThread;
import arca.testkit.Patience;
import arca.testkit.Together;
import arca.testnet.NewerKernel;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A guest may have connected before the monitor had the listening socket, and may have sent a pipe whose lock it holds. */
class RefusedSocketsTest {
    private static final int MOST = 64; // sockets of refused guests that may wait to be closed

    @TempDir
    Path folder;

    private ControlSocket inherited() throws Exception {
        return ControlSocket.inherited(
                Sockets.listen(SocketAddress.Unix.path(folder.resolve("s").toString()), SOCK_NONBLOCK, 1));
    }

    /** Sends the only descriptor of a pipe's read end to the other side of a pair. It stays open until that side closes. */
    private static void giveAway(Pipe pipe, Sockets.Pair pair, Arena arena) {
        try (ScmRights rights = new ScmRights(arena, 1, 1)) {
            rights.put(0, pipe.reader().value());
            assertEquals(1, rights.send(pair.first().value(), 1, 1, 0));
        }
        pipe.reader().close();
    }

    /** Waits until the other side of a pair has closed. */
    private static void awaitClosed(Sockets.Pair pair, Arena arena) throws Exception {
        Poll poll = new Poll(arena, 1);
        poll.set(0, pair.first().value(), 0);
        Patience.await("the close of a refused guest's socket", () -> poll.poll(0) > 0);
    }

    @Test
    void pipeThatIsHeldLockedHoldsUpNoRefusalButTheNextGuests() throws Exception {
        NewerKernel.assumePassRights();
        List<Sockets.Pair> more = new ArrayList<>();
        try (ControlSocket socket = inherited();
                RefusedSockets refusals = new RefusedSockets(socket);
                Sockets.Pair idle = Sockets.pair(SOCK_STREAM);
                Sockets.Pair attacker = Sockets.pair(SOCK_STREAM);
                Pipe pipe = Pipe.open(0);
                Arena arena = Arena.ofShared()) {
            assertTrue(refusals.mayBeOlder());
            int writer = pipe.writer().value();
            CompletableFuture<Integer> tid = new CompletableFuture<>();
            FutureTask<Void> holder = Together.start(
                    () -> { // splice(2) waits for a byte with the pipe's lock held
                        tid.complete(Syscalls.gettid());
                        assertEquals(1, Syscalls.splice(idle.first().value(), writer, 1, 0));
                    });
            try {
                KernelThread holds = KernelThread.of(tid.get());
                Patience.await("splice(2) of the holder", () -> holds.sleepsIn("splice"));
                giveAway(pipe, attacker, arena);
                Fd refused = new Fd(attacker.second().release());
                Together.join(Together.start(() -> refusals.close(refused)));
                for (int i = 0; i <= MOST && refusals.hasRoom(); i++) {
                    more.add(Sockets.pair(SOCK_STREAM));
                    refusals.close(new Fd(more.getLast().second().release()));
                }
                assertFalse(refusals.hasRoom());
            } finally {
                assertEquals(1, Syscalls.write(idle.second().value(), arena.allocate(1)));
                Together.join(holder);
            }
            awaitClosed(attacker, arena);
            for (Sockets.Pair pair : more) awaitClosed(pair, arena);
            assertTrue(refusals.hasRoom());
        } finally {
            more.forEach(Sockets.Pair::close);
        }
    }
}
