package arca.monitor.guest;

import static arca.bindings.Constants.SOCK_NONBLOCK;
import static arca.bindings.Constants.SOCK_STREAM;
import static arca.bindings.Constants.SOL_SOCKET;
import static arca.bindings.Constants.SO_SNDBUF;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.EventFd;
import arca.bindings.Fd;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.control.Endpoint;
import arca.control.GuestSession;
import arca.control.Reply;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ListenOk;
import arca.control.Request;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ListenRequest;
import arca.monitor.config.MonitorConfig;
import arca.monitor.policy.Policy;
import arca.monitor.reactor.Descriptor;
import arca.monitor.reactor.Mailbox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** A guest with more requests under way than its control socket has room for replies. */
class RefusalsAtStopTest {
    private static final int WAITING = 100; // far more than fit

    @Test
    void everyWaitingRequestIsRefusedBeforeTheChannelCloses() throws Exception {
        MonitorConfig config = MonitorConfig.DEFAULT.withPolicy(Policy.NOTHING.allowListen("127.0.0.1"));
        try (EventFd eventfd = EventFd.open();
                Sockets.Pair pair = Sockets.pair(SOCK_STREAM | SOCK_NONBLOCK);
                Arena arena = Arena.ofConfined()) {
            Sockets.setOption(pair.first(), SOL_SOCKET, SO_SNDBUF, 1); // the least there is: a few replies
            try (GuestLoop loop = new GuestLoop(
                    "g1",
                    new SharedResources(config, 0),
                    new Mailbox(eventfd.fd().value(), eventfd::signal),
                    (kernel, reactor) -> new UnixSocketChannel(
                            kernel, new Descriptor(reactor, pair.first().release())))) {
                MemorySegment buffer = arena.allocate(4096);
                GuestSession guest = new GuestSession();
                ask(guest, pair.second(), new ListenRequest(Endpoint.parse("127.0.0.1:0")), buffer);
                assertInstanceOf(ListenOk.class, answer(guest, loop, pair.second(), buffer));
                for (int i = 0; i < WAITING; i++) {
                    ask(guest, pair.second(), new AcceptRequest(1), buffer);
                }
                while (loop.reactor().step(0)) continue;

                loop.guest().stop();
                for (int i = 0; i < WAITING; i++) {
                    assertEquals(new AcceptErr(Errno.ESHUTDOWN), answer(guest, loop, pair.second(), buffer));
                }
                while (loop.reactor().step(0)) continue;
                assertTrue(loop.guest().hasEnded());
            }
        }
    }

    private static void ask(GuestSession guest, Fd socket, Request request, MemorySegment buffer) {
        int length = request.encode(guest.ask(request), buffer, 0);
        assertEquals(length, Syscalls.write(socket.value(), buffer, 0, length));
    }

    /** The next reply, while the loop does what it can. */
    private static Reply answer(GuestSession guest, GuestLoop loop, Fd socket, MemorySegment buffer) throws Exception {
        while (!guest.next()) {
            while (loop.reactor().step(0)) continue;
            long n = Syscalls.read(socket.value(), buffer);
            assertTrue(n > 0, () -> n == 0 ? "the channel has closed" : Errno.describe((int) -n));
            guest.received(buffer, 0, n);
        }
        return guest.reply();
    }
}
