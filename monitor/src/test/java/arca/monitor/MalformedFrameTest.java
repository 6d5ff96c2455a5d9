package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import arca.bindings.Errno;
import arca.bindings.ErrnoException;
import arca.control.Endpoint;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ListenRequest;
import arca.testkit.Together;
import arca.testnet.GuestSide;
import arca.testnet.Loopback;
import arca.testnet.Peer;
import arca.testnet.RawGuest;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A malformed frame, or an end inside a frame, ends one session and nothing else. */
@ParameterizedClass
@EnumSource(Variant.class)
class MalformedFrameTest {
    private static final long TRANSFER = 512 * 1024;

    @Parameter
    Variant variant;

    /** Returns a frame whose payload is zeros. */
    private static byte[] frame(int type, int payloadLength) {
        byte[] frame = new byte[7 + payloadLength];
        frame[0] = (byte) type;
        frame[1] = (byte) payloadLength;
        frame[2] = (byte) (payloadLength >>> 8);
        return frame;
    }

    private static byte[] half() throws Exception {
        byte[] whole = RawGuest.frame(1, new ListenRequest(Loopback.free()));
        return Arrays.copyOf(whole, whole.length - 1);
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                Arguments.of("type 0", frame(0, 0)),
                Arguments.of("type 10", frame(10, 6)),
                Arguments.of("type 255", frame(255, 6)),
                Arguments.of("a reply, ListenOk", frame(2, 4)),
                Arguments.of("a reply, ConnectOk", frame(4, 20)),
                Arguments.of("a reply, IncomingConnection", frame(5, 20)),
                Arguments.of("a reply, ListenErr", frame(6, 4)),
                Arguments.of("a reply, ConnectErr", frame(7, 4)),
                Arguments.of("a reply, AcceptErr", frame(9, 4)),
                Arguments.of("ListenRequest without payload", frame(1, 0)),
                Arguments.of("ConnectRequest with a byte too many", frame(3, 7)),
                Arguments.of("AcceptRequest of ListenRequest's length", frame(8, 6)),
                Arguments.of("payload_len 257", frame(1, 257)),
                Arguments.of("payload_len 65535, of which nothing comes", Arrays.copyOf(frame(1, 65535), 7)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void malformedFrameEndsItsSessionAlone(String name, byte[] frame) throws Exception {
        try (Joined joined = Joined.by(variant);
                RawGuest culprit = joined.monitor().guest()) {
            FutureTask<Void> transfer =
                    Together.start(() -> new Transfer(joined.side(), joined.peer(), 7, TRANSFER, 2).run());
            Endpoint at = Loopback.free();
            int listener = culprit.listen(at);
            try (Peer peer = Peer.connect(at);
                    GuestSide side = culprit.accept(listener)) {
                culprit.ask(new AcceptRequest(listener)); // waits, and never gets a reply
                culprit.send(frame);
                culprit.assertEnd();

                ErrnoException gone = assertThrows(ErrnoException.class, () -> Peer.connect(at));
                assertEquals(Errno.ECONNREFUSED, gone.errno());
                assertGoesOn(side, peer);
            }
            Together.join(transfer);
            joined.guest().sync();
        }
    }

    /** Checks a connection of a session that has ended: both directions still carry bytes, and each ends by itself. */
    private static void assertGoesOn(GuestSide side, Peer peer) throws Exception {
        side.send("up");
        assertEquals("up", peer.receive(2));
        peer.send("down");
        assertEquals("down", side.receive(4));
        side.finish();
        peer.assertEnd();
        peer.finish();
        side.assertEnd();
    }

    @Test
    void framesBeforeTheMalformedOneAreAnswered() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            ByteArrayOutputStream both = new ByteArrayOutputStream();
            both.writeBytes(RawGuest.frame(5, new ListenRequest(Loopback.free())));
            both.writeBytes(frame(0, 0));
            guest.send(both.toByteArray());
            assertInstanceOf(ListenOk.class, guest.answerTo(5));
            guest.assertEnd();
        }
    }

    @Test
    void endInsideAFrameEndsTheSession() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            guest.send(half());
            guest.shutdownOutput();
            guest.assertEnd();
        }
    }

    @Test
    void endBetweenFramesEndsTheSessionAndConnectionsGoOn() throws Exception {
        try (Joined joined = Joined.by(variant)) {
            joined.guest().shutdownOutput();
            joined.guest().assertEnd();
            assertGoesOn(joined.side(), joined.peer());
        }
    }

    @Test
    void frameMayComeByteByByte() throws Exception {
        try (RunningMonitor monitor = RunningMonitor.start(variant);
                RawGuest guest = monitor.guest()) {
            for (byte b : RawGuest.frame(5, new ListenRequest(Loopback.free()))) guest.send(new byte[] {b});
            assertInstanceOf(ListenOk.class, guest.answerTo(5));
        }
    }
}
