package arca.monitor.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import arca.bindings.Errno;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.control.Endpoint;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import arca.monitor.config.Headroom;
import arca.monitor.config.Limits;
import arca.monitor.config.MonitorConfig;
import arca.monitor.ledger.Ledgers;
import arca.monitor.ledger.Resource;
import arca.monitor.policy.Policy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A guest with everything that it may have takes exactly as many descriptors as the check at the start expects. */
class DescriptorsOfOneGuestTest {
    private static final int LOCALHOST = 0x7f000001;
    private static final Limits LIMITS =
            Limits.builder().connections(5).listeners(2).connecting(2).build();
    private static final long NEEDED = Headroom.ofOneGuest(LIMITS) - Headroom.GUEST; // the acceptor takes the others
    private static final MonitorConfig CONFIG = MonitorConfig.builder()
            .limits(LIMITS)
            .policy(Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("127.0.0.0/8"))
            .build();

    private final List<Fd> ends = new ArrayList<>(); // the guest's, of its connections

    @AfterEach
    void closeEnds() {
        ends.forEach(Fd::close);
    }

    private static DrivenGuest guest(long descriptors) throws IOException {
        return new DrivenGuest(
                CONFIG, Ledgers.of(Map.of(Resource.DESCRIPTORS, descriptors, Resource.PIPE_BYTES, 1L << 30), 100));
    }

    private static ConnectRequest connectTo(Fd listener) throws IOException {
        return new ConnectRequest(
                new Endpoint(LOCALHOST, ((SocketAddress.IPv4) Sockets.localAddress(listener)).port()));
    }

    /** Asks for everything that the guest may have. */
    private void askForAll(DrivenGuest driven, Fd peer, Fd full) throws Exception {
        int listener = 0;
        for (int i = 0; i < LIMITS.listeners(); i++) {
            driven.ask(new ListenRequest(new Endpoint(LOCALHOST, 0)));
            listener = assertInstanceOf(ListenOk.class, driven.reply()).listenerId();
        }
        for (int i = 0; i < LIMITS.connections() - LIMITS.connecting(); i++) {
            driven.ask(connectTo(peer));
            assertInstanceOf(ConnectOk.class, driven.reply());
            for (int end = 0; end < Headroom.GUEST_ENDS; end++) ends.add(driven.takeDescriptor());
        }
        driven.ask(new AcceptRequest(listener));
        for (int i = 0; i < LIMITS.connecting(); i++) driven.ask(connectTo(full));
        driven.settle();
    }

    private static Fd listener(int backlog) throws IOException {
        return Sockets.listen(new SocketAddress.IPv4(LOCALHOST, 0), 0, backlog);
    }

    @Test
    void enoughForAllThatAGuestMayHave() throws Exception {
        try (Fd peer = listener(LIMITS.connections());
                Fd full = listener(0);
                Fd _ = Sockets.connect(Sockets.localAddress(full));
                DrivenGuest driven = guest(NEEDED)) {
            askForAll(driven, peer, full);
            assertEquals(LIMITS.connecting(), driven.guest.counts().connecting());
            assertEquals(NEEDED, driven.descriptors());
        }
    }

    @Test
    void oneLessIsNotEnough() throws Exception {
        try (Fd peer = listener(LIMITS.connections());
                Fd full = listener(0);
                Fd _ = Sockets.connect(Sockets.localAddress(full));
                DrivenGuest driven = guest(NEEDED - 1)) {
            askForAll(driven, peer, full);
            assertEquals(new ConnectErr(Errno.EMFILE), driven.reply());
        }
    }
}
