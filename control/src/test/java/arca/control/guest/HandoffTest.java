package arca.control.guest;

import static arca.control.guest.ScriptedMonitor.PEER;
import static arca.control.guest.ScriptedMonitor.join;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.bindings.Fd;
import arca.bindings.Syscalls;
import arca.control.Frames;
import arca.control.ProtocolException;
import arca.control.ProtocolException.Reason;
import arca.control.Reply;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ListenOk;
import arca.control.guest.ScriptedMonitor.Connection;
import arca.control.guest.ScriptedMonitor.DataPipe;
import arca.control.guest.ScriptedMonitor.PeerEnds;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Replies and their descriptors, right and wrong. After each test, a JUnit extension checks that no descriptor is left. */
class HandoffTest extends SessionFixture {
    private static final int MANY = 100_000;

    private static void assertCarriesBytes(ArcaStream stream, PeerEnds peer) throws Exception {
        peer.write("from the peer");
        assertEquals("from the peer", new String(stream.inputStream().readNBytes(13)));
        stream.outputStream().write("to the peer".getBytes());
        assertEquals("to the peer", peer.read());
        stream.close();
        peer.awaitClosed();
    }

    static IntStream insideAReadyFrame() {
        return IntStream.range(1, Reply.MAX_FRAME_SIZE);
    }

    static IntStream beforeTheEndOfAReadyFrame() {
        return IntStream.range(0, Reply.MAX_FRAME_SIZE);
    }

    @Test
    void readyFrameHandsOverAConnection() throws Exception {
        try (Connection connection = monitor.openConnection(guest)) {
            assertEquals(1, connection.stream().connectionId());
            assertEquals(ScriptedMonitor.RING, connection.stream().ringSize());
            assertCarriesBytes(connection.stream(), connection.peer());
        }
    }

    @ParameterizedTest(name = "after {0} bytes")
    @MethodSource("insideAReadyFrame")
    void descriptorsComeWithTheFirstBytesOfASplitFrame(int size) throws Exception {
        Task<ArcaStream> connect = connect();
        PeerEnds peer = monitor.sendSplit(Frames.of(monitor.nextConnect(), monitor.connectOk()), 0, size);
        assertCarriesBytes(connect.get(), peer);
    }

    @ParameterizedTest(name = "after {0} bytes")
    @MethodSource("insideAReadyFrame")
    void descriptorsComeWithTheLastBytesOfASplitFrame(int size) throws Exception {
        Task<ArcaStream> connect = connect();
        byte[] frame = Frames.of(monitor.nextConnect(), monitor.connectOk());
        PeerEnds peer = monitor.sendSplit(frame, size, frame.length);
        assertCarriesBytes(connect.get(), peer);
    }

    @Test
    void repliesInOneMessageReachTheirCallers() throws Exception {
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER));
        int first = monitor.nextListen();
        Task<ArcaStream> refused = connect();
        int second = monitor.nextConnect();
        Task<ArcaStream> connect = connect();
        int third = monitor.nextConnect();
        byte[] all = join(
                Frames.of(first, new ListenOk(7)),
                Frames.of(second, new ConnectErr(Errno.ECONNREFUSED)),
                Frames.of(third, monitor.connectOk()));
        PeerEnds peer = monitor.sendSplit(all, 0, all.length);
        assertEquals(7, listen.get().listenerId());
        assertEquals(Errno.ECONNREFUSED, refused.fails(ErrnoException.class).errno());
        assertCarriesBytes(connect.get(), peer);
    }

    @Test
    void endOfAReadyFrameMayComeWithTheNextOne() throws Exception {
        Task<ArcaStream> one = connect();
        byte[] first = Frames.of(monitor.nextConnect(), monitor.connectOk());
        Task<ArcaStream> two = connect();
        byte[] second = Frames.of(monitor.nextConnect(), monitor.connectOk());
        DataPipe a = monitor.pipe();
        DataPipe b = monitor.pipe();
        monitor.send(Arrays.copyOf(first, 5), a.guests().reader(), a.guests().writer());
        byte[] rest = join(Arrays.copyOfRange(first, 5, first.length), second);
        monitor.send(rest, b.guests().reader(), b.guests().writer());
        a.guests().close();
        b.guests().close();
        assertCarriesBytes(one.get(), a.peer());
        assertCarriesBytes(two.get(), b.peer());
    }

    @Test
    void repliesInAnyOrderReachTheirCallersWithTheirDescriptors() throws Exception {
        List<Task<ArcaStream>> connects = new ArrayList<>();
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            connects.add(connect());
            ids.add(monitor.nextConnect());
        }
        PeerEnds[] peer = new PeerEnds[10];
        for (int i = 9; i >= 0; i--) peer[i] = monitor.sendReady(ids.get(i), monitor.connectOk());
        for (int i = 0; i < 10; i++) assertCarriesBytes(connects.get(i).get(), peer[i]);
    }

    @ParameterizedTest(name = "after {0} bytes")
    @MethodSource("beforeTheEndOfAReadyFrame")
    void monitorThatDiesInsideAReplyEndsTheSession(int size) throws Exception {
        Task<ArcaStream> connect = connect();
        byte[] frame = Frames.of(monitor.nextConnect(), monitor.connectOk());
        DataPipe pipe = monitor.pipe();
        if (size > 0)
            monitor.send(
                    Arrays.copyOf(frame, size),
                    pipe.guests().reader(),
                    pipe.guests().writer());
        monitor.close();
        Throwable cause = connect.fails(SessionEndedException.class).getCause();
        if (size == 0) assertInstanceOf(EOFException.class, cause);
        else
            assertEquals(
                    Reason.TRUNCATED,
                    assertInstanceOf(ProtocolException.class, cause).reason());
        assertFalse(guest.isOpen());
        assertThrows(SessionEndedException.class, () -> guest.connect(PEER));
    }

    /** Malformed replies to a ConnectRequest whose number is 1. */
    enum BadReply {
        UNKNOWN_TYPE("0a 0400 01000000 6f000000"),
        NOT_A_REPLY("01 0600 01000000 7f000001 901f"),
        PAYLOAD_TOO_LONG("04 0101 01000000"),
        WRONG_PAYLOAD_LENGTH("07 0300 01000000 6f0000"),
        UNKNOWN_REQUEST("04 1400 02000000 00000000 01000000 01000000 0000010000000000"),
        WRONG_REPLY("05 1400 01000000 07000000 01000000 01000000 0000010000000000"),
        WRONG_LISTENER("04 1400 01000000 07000000 01000000 01000000 0000010000000000");

        final byte[] bytes;

        BadReply(String hex) {
            bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        }
    }

    @ParameterizedTest
    @EnumSource
    void malformedReplyEndsTheSessionAndItsDescriptorsAreClosed(BadReply reply) throws Exception {
        Task<ArcaStream> connect = connect();
        assertEquals(1, monitor.nextConnect());
        PeerEnds peer = monitor.sendSplit(reply.bytes, 0, reply.bytes.length);
        Throwable cause = connect.fails(SessionEndedException.class).getCause();
        assertEquals(
                Reason.valueOf(reply.name()),
                assertInstanceOf(ProtocolException.class, cause).reason());
        peer.awaitClosed();
        monitor.awaitEnd();
    }

    @Test
    void replyToAnUnknownRequestEndsTheSession() throws Exception {
        monitor.send(BadReply.UNKNOWN_REQUEST.bytes);
        monitor.awaitEnd();
        SessionEndedException e = assertThrows(SessionEndedException.class, () -> guest.connect(PEER));
        assertTrue(e.getMessage().contains("UNKNOWN_REQUEST"), e.getMessage());
    }

    @Test
    void secondListenerWithTheSameNumberEndsTheSession() throws Exception {
        ArcaListener listener = monitor.openListener(guest);
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER));
        monitor.reply(monitor.nextListen(), new ListenOk(listener.listenerId()));
        listen.fails(SessionEndedException.class);
    }

    @ParameterizedTest(name = "{0} descriptors")
    @ValueSource(ints = {0, 1, 3, 4, 253})
    void readyFrameWithoutExactlyTwoDescriptorsEndsTheSession(int descriptors) throws Exception {
        Task<ArcaStream> connect = connect();
        DataPipe pipe = monitor.pipe();
        Fd[] fds = new Fd[descriptors];
        for (int i = 0; i < descriptors; i++)
            fds[i] = i == 0 ? pipe.guests().reader() : pipe.guests().writer();
        monitor.send(Frames.of(monitor.nextConnect(), monitor.connectOk()), fds);
        pipe.guests().close();
        assertInstanceOf(
                IOException.class, connect.fails(SessionEndedException.class).getCause());
        pipe.peer().awaitClosed();
        monitor.awaitEnd();
    }

    @Test
    void descriptorsWithAReplyThatHasNoneEndTheSession() throws Exception {
        Task<ArcaListener> listen = Task.of(() -> guest.listen(PEER));
        byte[] frame = Frames.of(monitor.nextListen(), new ListenOk(1));
        PeerEnds peer = monitor.sendSplit(frame, 0, frame.length);
        peer.awaitClosed();
        monitor.awaitEnd();
        listen.get().close(); // the reply itself is valid
        assertThrows(SessionEndedException.class, () -> guest.connect(PEER));
    }

    @Test
    void secondPairForOneReadyFrameEndsTheSession() throws Exception {
        Task<ArcaStream> connect = connect();
        byte[] frame = Frames.of(monitor.nextConnect(), monitor.connectOk());
        DataPipe first = monitor.pipe();
        monitor.send(
                Arrays.copyOf(frame, 9), first.guests().reader(), first.guests().writer());
        DataPipe second = monitor.pipe();
        monitor.send(
                Arrays.copyOfRange(frame, 9, 20),
                second.guests().reader(),
                second.guests().writer());
        first.guests().close();
        second.guests().close();
        connect.fails(SessionEndedException.class);
        first.peer().awaitClosed();
        second.peer().awaitClosed();
    }

    @Test
    void guestWithoutFreeDescriptorsLosesOneConnectionButNotItsSession() throws Exception {
        monitor.openConnection(guest).close(); // loads every class while there are descriptors
        Task<ArcaStream> refused = connect();
        monitor.reply(monitor.nextConnect(), new ConnectErr(Errno.EMFILE));
        assertEquals(Errno.EMFILE, refused.fails(ErrnoException.class).errno());

        Task<ArcaStream> connect = connect();
        byte[] frame = Frames.of(monitor.nextConnect(), monitor.connectOk());
        DataPipe pipe = monitor.pipe();
        List<Integer> all = new ArrayList<>(MANY);
        try {
            while (true) {
                int fd = Syscalls.eventfd(0, 0);
                if (fd < 0) break;
                all.add(fd);
                Assumptions.assumeTrue(all.size() < MANY, "the descriptor limit of this process is too high to reach");
            }
            Syscalls.close(all.removeLast()); // one is free, and two are needed
            monitor.send(frame, pipe.guests().reader(), pipe.guests().writer());
            assertEquals(Errno.EMFILE, connect.fails(ErrnoException.class).errno());
        } finally {
            all.forEach(Syscalls::close);
        }
        pipe.guests().close();
        pipe.peer().awaitClosed();
        try (Connection connection = monitor.openConnection(guest)) {
            assertCarriesBytes(connection.stream(), connection.peer());
        }
    }
}
