package arca.cli.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.guest.ArcaListener;
import arca.control.guest.ArcaSession;
import arca.control.guest.ArcaStream;
import arca.testkit.Patience;
import arca.testkit.ReservedPorts;
import arca.testnet.EchoPeer;
import arca.testnet.GoodGuests;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** A monitor without free descriptors logs that, loses no bytes, does not spin, and goes on when descriptors are free. */
@ParameterizedClass
@ValueSource(strings = {"epoll", "poll"})
record DescriptorLimitIT(String readiness) {
    private static final String END = " bytes to the peer, "; // part of the log line for the end of a connection
    private static final int OF_A_CONNECTION = 5; // its socket, and the ends of two pipes, of which it keeps two
    private static final int OF_A_GUEST = 5; // its socket, its loop's eventfd and epoll, and two files of /proc

    private static MonitorProcess monitor;
    private static EchoPeer peer;
    private static Map<Integer, String> before;

    @BeforeParameterizedClassInvocation
    static void start(String readiness) throws Exception {
        monitor = MonitorProcess.start("--readiness", readiness, "--wedge", "kill");
        before = monitor.descriptors();
    }

    @AfterParameterizedClassInvocation
    static void stop() throws Exception {
        monitor.close();
    }

    @BeforeEach
    void begin() throws Exception {
        peer = new EchoPeer();
        try (ArcaSession session = monitor.session()) {
            transfer(session); // the JVM loads all classes while there are free descriptors
            ErrnoException e = assertThrows(
                    ErrnoException.class,
                    () -> session.connect(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), ReservedPorts.next())));
            assertEquals(Errno.ECONNREFUSED, e.errno());
        }
        awaitNoGuest();
        monitor.proc().awaitDescriptors(before);
    }

    @AfterEach
    void endWithNothingLeft() throws Exception {
        monitor.proc().leaveAllRoom();
        peer.close();
        awaitNoGuest();
        monitor.proc().awaitDescriptors(before);
    }

    /** Opens and closes a connection, and waits until the monitor has closed all of it. */
    private static void transfer(ArcaSession session) throws Exception {
        int ended = monitor.child().errors(END).size();
        GoodGuests.connect(session, peer, ended);
        monitor.child().awaitErrors(ended + 1, END);
    }

    private static void awaitNoGuest() throws Exception {
        int begun = monitor.child().errors(": begins: ").size();
        monitor.child().awaitErrors(begun, ": ended");
    }

    private static void assertEmfile(Executable call) {
        assertEquals(Errno.EMFILE, assertThrows(ErrnoException.class, call).errno());
    }

    @Test
    void connectIsRefused() throws Exception {
        try (ArcaSession session = monitor.session()) {
            transfer(session);
            for (int room = 0; room < OF_A_CONNECTION; room++) {
                monitor.proc().leaveRoomFor(room);
                assertEmfile(() -> session.connect(peer.address()));
            }
            monitor.proc().leaveRoomFor(OF_A_CONNECTION);
            transfer(session);
        }
    }

    @Test
    void acceptIsRefusedAndTheConnectionWaits() throws Exception {
        List<Socket> peers = new ArrayList<>();
        try (ArcaSession session = monitor.session();
                ArcaListener listener = GoodGuests.listen(session)) {
            for (int room = 0; room < OF_A_CONNECTION; room++) {
                Socket socket = new Socket(
                        InetAddress.getLoopbackAddress(), listener.endpoint().port());
                peers.add(socket);
                socket.getOutputStream().write(room);
                monitor.proc().leaveRoomFor(room);
                assertEmfile(listener::accept);
            }
            for (int room = 0; room < OF_A_CONNECTION; room++) {
                monitor.proc().leaveRoomFor(OF_A_CONNECTION);
                try (ArcaStream stream = listener.accept()) {
                    assertEquals(room, stream.inputStream().read(), "none was lost, and they come in their order");
                }
            }
        } finally {
            for (Socket socket : peers) socket.close();
        }
    }

    @Test
    void acceptThatWaitsIsRefusedWhenItsTurnComes() throws Exception {
        try (ArcaSession session = monitor.session();
                ArcaListener listener = GoodGuests.listen(session)) {
            int alone = monitor.descriptors().size();
            CompletableFuture<ArcaStream> accepted = new CompletableFuture<>();
            Thread accepting = Thread.ofPlatform().daemon().start(() -> {
                try {
                    accepted.complete(listener.accept());
                } catch (Exception e) {
                    accepted.completeExceptionally(e);
                }
            });
            Patience.await(
                    "the next connection's pipes", () -> monitor.descriptors().size() == alone + 4);
            monitor.proc().leaveRoomFor(0);
            try (Socket socket = new Socket(
                    InetAddress.getLoopbackAddress(), listener.endpoint().port())) {
                Patience.join(accepting);
                assertTrue(accepted.isCompletedExceptionally());
                socket.getOutputStream().write(7);
                monitor.proc().leaveAllRoom();
                try (ArcaStream stream = listener.accept()) {
                    assertEquals(7, stream.inputStream().read());
                }
            }
        }
    }

    @Test
    void newGuestWaitsToBeLetIn() throws Exception {
        for (int room = 0; room < OF_A_GUEST; room++) {
            awaitNoGuest();
            monitor.proc().awaitDescriptors(before);
            monitor.proc().leaveRoomFor(room);
            int waits = monitor.child().errors("guests wait to be let in").size();
            try (ArcaSession session = monitor.session()) {
                CompletableFuture<ArcaListener> listening = new CompletableFuture<>();
                Thread.ofPlatform().daemon().start(() -> {
                    try {
                        listening.complete(GoodGuests.listen(session));
                    } catch (Exception e) {
                        listening.completeExceptionally(e);
                    }
                });
                monitor.child().awaitErrors(waits + 1, "guests wait to be let in");
                monitor.proc().awaitTriesWithPauses("acceptor");
                assertEquals(
                        waits + 1,
                        monitor.child().errors("guests wait to be let in").size(),
                        "said once");
                monitor.proc().leaveAllRoom();
                Patience.get("a guest that is let in", listening).close();
            }
        }
    }
}
