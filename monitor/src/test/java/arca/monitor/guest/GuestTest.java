package arca.monitor.guest;

import static arca.bindings.Constants.SHUT_RD;
import static arca.bindings.Constants.SHUT_WR;
import static arca.bindings.Constants.SOCK_NONBLOCK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import arca.bindings.Errno;
import arca.bindings.Fd;
import arca.bindings.SocketAddress;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.control.Endpoint;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import arca.monitor.config.MonitorConfig;
import arca.monitor.guest.Guest.State;
import arca.monitor.observe.GuestSnapshot;
import arca.monitor.policy.Policy;
import arca.testkit.Patience;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Walks the table of {@link Guest}, row by row. The rows are read from its Javadoc. */
@ParameterizedClass(name = "{0}")
@EnumSource(MonitorConfig.Readiness.class)
class GuestTest {
    private static final int LOCALHOST = 0x7f000001;
    private static final int UNKNOWN_LISTENER = 77;
    private static final Path SOURCE = Path.of("src/main/java/arca/monitor/guest/Guest.java");

    /** What can happen to a guest: the second column of the table. */
    private enum Event {
        REQUEST("request"),
        STOP("stop"),
        CHANNEL_ENDS("channel ends"),
        LAST_CONNECTION_ENDS("last connection ends"),
        CLOSE("close");

        private final String text;

        Event(String text) {
            this.text = text;
        }

        static Event of(String text) {
            return Arrays.stream(values())
                    .filter(event -> event.text.equals(text))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("the table has an event that is not tested: " + text));
        }

        /**
         * A channel that has ended brings no request and cannot end again; a guest that has ended has no connection.
         */
        boolean canHappenIn(State state) {
            return switch (this) {
                case STOP, CLOSE -> true;
                case REQUEST, CHANNEL_ENDS -> state == State.OPEN || state == State.STOPPING;
                case LAST_CONNECTION_ENDS -> state != State.ENDED;
            };
        }
    }

    /** A row of the table. */
    record Row(State state, Event event, State next) {}

    static Stream<Row> table() throws IOException {
        String text = Files.readString(SOURCE);
        return text.substring(text.indexOf("<pre>"), text.indexOf("</pre>"))
                .lines()
                .skip(2) // <pre> and the titles
                .map(line -> line.substring(" * ".length()).split(" {2,}"))
                .filter(cells -> cells.length >= 3)
                .flatMap(cells ->
                        states(cells[0]).map(state -> new Row(state, Event.of(cells[1]), State.valueOf(cells[2]))));
    }

    private static Stream<State> states(String text) {
        return text.equals("any") ? Arrays.stream(State.values()) : Stream.of(State.valueOf(text));
    }

    @Parameter
    MonitorConfig.Readiness readiness;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment memory = arena.allocate(4096);
    private DrivenGuest driven;
    private Guest guest;

    // The connection that the guest has in every state but ENDED.
    private Fd peer;
    private Fd reader;
    private Fd writer;

    // Requests that wait.
    private int accept;
    private int connect;

    @BeforeEach
    void open() throws Exception {
        driven = new DrivenGuest(MonitorConfig.builder()
                .readiness(readiness)
                .policy(Policy.NOTHING.allowConnect("127.0.0.0/8").allowListen("127.0.0.0/8"))
                .build());
        guest = driven.guest;
        assertEquals(State.OPEN, guest.state());
    }

    @AfterEach
    void close() {
        driven.close();
        for (Fd fd : peer == null ? new Fd[0] : new Fd[] {peer, reader, writer}) fd.close();
        arena.close();
    }

    /** Gives the guest a connection, a listener with an AcceptRequest that waits, and a handshake that does not end. */
    private void ask() throws Exception {
        try (Fd listener = listener(1);
                Fd full = listener(0);
                Fd _ = Sockets.connect(Sockets.localAddress(full))) {
            driven.ask(new ConnectRequest(endpoint(listener)));
            assertInstanceOf(ConnectOk.class, driven.reply());
            reader = driven.takeDescriptor();
            writer = driven.takeDescriptor();
            peer = Sockets.accept(listener, SOCK_NONBLOCK).orElseThrow();
            accept = driven.ask(new AcceptRequest(listen()));
            connect = driven.ask(new ConnectRequest(endpoint(full)));
            driven.settle();
        }
        GuestSnapshot.Counts counts = guest.counts();
        assertEquals(List.of(1, 1, 1, 1), numbers(counts));
    }

    private int listen() throws Exception {
        driven.ask(new ListenRequest(new Endpoint(LOCALHOST, 0)));
        return assertInstanceOf(ListenOk.class, driven.reply()).listenerId();
    }

    /** A peer's listener. With a backlog of 0, one connection fills it, and the kernel ignores the next handshake. */
    private static Fd listener(int backlog) throws IOException {
        return Sockets.listen(new SocketAddress.IPv4(LOCALHOST, 0), 0, backlog);
    }

    private static Endpoint endpoint(Fd listener) throws IOException {
        return new Endpoint(LOCALHOST, ((SocketAddress.IPv4) Sockets.localAddress(listener)).port());
    }

    private static List<Integer> numbers(GuestSnapshot.Counts counts) {
        return List.of(counts.listeners(), counts.waitingAccepts(), counts.connecting(), counts.connections());
    }

    private void bring(State state) throws Exception {
        ask();
        switch (state) {
            case OPEN -> {}
            case STOPPING -> happen(Event.STOP);
            case DRAINING -> happen(Event.CHANNEL_ENDS);
            case ENDED -> happen(Event.CLOSE);
        }
        assertEquals(state, guest.state());
    }

    private void happen(Event event) {
        switch (event) {
            case REQUEST -> driven.ask(new AcceptRequest(UNKNOWN_LISTENER));
            case STOP -> guest.stop();
            case CHANNEL_ENDS -> driven.socket.close();
            case LAST_CONNECTION_ENDS -> {
                for (Fd fd : new Fd[] {reader, writer, peer}) fd.close();
                driven.until("the connection ends", () -> guest.counts().connections() == 0);
            }
            case CLOSE -> guest.close();
        }
        driven.settle();
    }

    /**
     * Fails unless listeners and handshakes are closed, and the connection goes on. A descriptor that is left fails,
     * too.
     */
    private void assertOnlyTheConnectionIsLeft() throws Exception {
        assertEquals(List.of(0, 0, 0, 1), numbers(guest.counts()));
        assertEquals(1, Syscalls.write(writer.value(), memory, 0, 1));
        awaitRead(peer, 1);
        assertEquals(2, Syscalls.write(peer.value(), memory, 0, 2));
        reader.nonBlocking(true);
        awaitRead(reader, 2);
    }

    private void awaitRead(Fd from, long result) throws Exception {
        Patience.await("a read of " + result, () -> {
            driven.settle();
            long n = Syscalls.read(from.value(), memory, 0, 2);
            if (n != -Errno.EAGAIN) assertEquals(result, n);
            return n == result;
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("table")
    void eventLeadsToTheNextState(Row row) throws Exception {
        bring(row.state);
        happen(row.event);
        assertEquals(row.next, guest.state());
    }

    @Test
    void tableHasOneRowForEachEventThatCanHappen() throws Exception {
        Set<List<Object>> expected = new HashSet<>();
        for (State state : State.values()) {
            for (Event event : Event.values()) if (event.canHappenIn(state)) expected.add(List.of(state, event));
        }
        List<List<Object>> rows =
                table().map(row -> List.<Object>of(row.state, row.event)).toList();
        assertEquals(expected, Set.copyOf(rows));
        assertEquals(expected.size(), rows.size());
    }

    @Test
    void openAnswersRequests() throws Exception {
        bring(State.OPEN);
        happen(Event.REQUEST);
        assertEquals(new AcceptErr(Errno.EBADF), driven.reply());
    }

    @Test
    void stopRefusesWhatWaitsAndTheConnectionGoesOn() throws Exception {
        bring(State.OPEN);
        guest.stop();
        assertEquals(new AcceptErr(Errno.ESHUTDOWN), driven.reply());
        assertEquals(accept, driven.requestId());
        assertEquals(new ConnectErr(Errno.ESHUTDOWN), driven.reply());
        assertEquals(connect, driven.requestId());
        assertOnlyTheConnectionIsLeft();
    }

    @Test
    void stoppingRefusesRequests() throws Exception {
        bring(State.STOPPING);
        for (int i = 0; i < 2; i++) driven.reply(); // to what waited
        happen(Event.REQUEST);
        assertEquals(new AcceptErr(Errno.ESHUTDOWN), driven.reply());
    }

    /** The ways in which a channel ends. */
    private enum ChannelEnd {
        CLOSE,
        SHUTDOWN,
        RESET,
        MALFORMED_FRAME,
        REPLY_CANNOT_BE_SENT
    }

    @ParameterizedTest
    @EnumSource
    void endOfTheChannelDropsWhatWaitsAndTheConnectionGoesOn(ChannelEnd end) throws Exception {
        bring(State.OPEN);
        switch (end) {
            case CLOSE -> driven.socket.close();
            case SHUTDOWN -> Sockets.shutdown(driven.socket, SHUT_WR);
            case RESET -> {
                happen(Event.REQUEST);
                driven.socket.close(); // the reply is unread: unix(7), ECONNRESET
            }
            case MALFORMED_FRAME -> driven.sendGarbage();
            case REPLY_CANNOT_BE_SENT -> {
                Sockets.shutdown(driven.socket, SHUT_RD); // from now on, sendmsg(2) of the monitor fails with EPIPE
                happen(Event.REQUEST);
            }
        }
        driven.settle();
        assertEquals(State.DRAINING, guest.state());
        assertOnlyTheConnectionIsLeft();
        if (end == ChannelEnd.SHUTDOWN || end == ChannelEnd.MALFORMED_FRAME) driven.assertChannelHasEnded();
    }

    @Test
    void stoppingSendsEveryReplyBeforeItsChannelEnds() throws Exception {
        int waiting = 100; // far more replies than the socket has room for
        int listener = listen();
        for (int i = 0; i < waiting; i++) {
            driven.ask(new AcceptRequest(listener));
            driven.settle();
        }
        happen(Event.STOP);
        assertEquals(State.STOPPING, guest.state());
        for (int i = 0; i < waiting; i++) assertEquals(new AcceptErr(Errno.ESHUTDOWN), driven.reply());
        driven.settle();
        assertEquals(State.ENDED, guest.state());
        driven.assertChannelHasEnded();
    }

    @ParameterizedTest
    @EnumSource(names = {"STOP", "CHANNEL_ENDS"})
    void guestWithoutConnectionsEndsAtOnce(Event event) {
        happen(event);
        assertEquals(State.ENDED, guest.state());
    }

    @ParameterizedTest
    @EnumSource(names = {"OPEN", "STOPPING", "DRAINING"})
    void closeClosesEverythingAtOnce(State state) throws Exception {
        bring(state);
        guest.close();
        assertEquals(List.of(0, 0, 0, 0), numbers(guest.counts()));
        assertEquals(0, Syscalls.read(reader.value(), memory, 0, 1));
        assertEquals(-Errno.EPIPE, Syscalls.write(writer.value(), memory, 0, 1));
        Patience.await("a reset", () -> {
            long n = Syscalls.read(peer.value(), memory, 0, 1);
            assertEquals(n == -Errno.EAGAIN ? n : -Errno.ECONNRESET, n);
            return n != -Errno.EAGAIN;
        });
    }
}
