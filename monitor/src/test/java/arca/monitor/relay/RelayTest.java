package arca.monitor.relay;

import static arca.bindings.Constants.SHUT_WR;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.Sockets;
import arca.monitor.relay.Connection.Loop;
import arca.monitor.relay.Connection.Method;
import arca.testkit.Patience;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Walks the table of {@link Relay}, row by row. */
@ParameterizedClass(name = "{0}")
@EnumSource(Loop.class)
class RelayTest {
    private static final int MUCH = 1 << 20;
    private static final int MORE_THAN_THE_PEER_TAKES = 4 * 65536; // while it does not read: Connection

    @Parameter
    Loop loop;

    private Connection connection;
    private Relay relay;

    @BeforeEach
    void open() throws Exception {
        open(Duration.ofDays(1));
    }

    private void open(Duration linger) throws Exception {
        connection = new Connection(loop, Method.SPLICE, linger);
        relay = connection.relay;
    }

    @AfterEach
    void close() {
        connection.close();
    }

    private void guestClosesItsWriteEnd() {
        connection.pipe.guestWriter().close();
    }

    private void guestClosesItsReadEnd() {
        connection.pipe.guestReader().close();
        connection.until("the relay discards", relay.fromPeer::isDiscarding);
    }

    private void peerSendsFin() throws Exception {
        Sockets.shutdown(connection.peer, SHUT_WR);
    }

    /** Moves so many bytes into the socket, of which the peer reads none. */
    private void guestSends(int count) {
        for (long sent = 0; sent < count; ) {
            sent += connection.guestWrites(count - sent);
            long all = sent;
            connection.until("the socket takes all", () -> relay.bytesToPeer() == all);
        }
    }

    /** Writes until the source is full behind a sink that is full. Returns how many bytes. */
    private long fill(Direction direction) throws Exception {
        long[] written = {0};
        Flow flow = direction.flow(connection);
        Patience.await("the flow is blocked", () -> {
            connection.settle();
            long n = direction.feed(connection, MUCH);
            written[0] += Math.max(n, 0);
            return n < 0 && flow.state() == Flow.State.BLOCKED;
        });
        return written[0];
    }

    private void assertEverythingIsClosed() {
        assertTrue(connection.ended, "the relay has ended");
        assertFalse(connection.socket.isOpen(), "the socket");
        assertFalse(connection.pipe.reader().isOpen(), "the read end");
        assertFalse(connection.pipe.writer().isOpen(), "the write end");
    }

    private void assertGuestSeesTheEndBothWays() throws Exception {
        connection.toTheEnd(Direction.FROM_PEER);
        assertEquals(-Errno.EPIPE, connection.guestWrites(1));
    }

    @Test
    void endOfTheGuestIsAFinBehindAllBytesAndTheOtherFlowGoesOn() throws Exception {
        connection.guestWrites(5);
        guestClosesItsWriteEnd();
        assertEquals(5, connection.toTheEnd(Direction.TO_PEER));
        assertFalse(connection.pipe.reader().isOpen());
        connection.assertRelays(Direction.FROM_PEER);
    }

    @Test
    void errorTowardsThePeerFailsTheGuestsWritesAndTheOtherFlowGoesOn() throws Exception {
        fill(Direction.FROM_PEER);
        connection.peerResets();
        connection.until(
                "the read end is closed", () -> !connection.pipe.reader().isOpen());
        assertEquals(-Errno.EPIPE, connection.guestWrites(1));
        assertTrue(connection.pipe.writer().isOpen(), "bytes from the peer are left");
        assertEquals(connection.toTheEnd(Direction.FROM_PEER), relay.bytesFromPeer());
    }

    @Test
    void finOfThePeerIsTheEndBehindAllBytesAndTheOtherFlowGoesOn() throws Exception {
        connection.peerWrites(5);
        peerSendsFin();
        assertEquals(5, connection.toTheEnd(Direction.FROM_PEER));
        assertFalse(connection.pipe.writer().isOpen());
        connection.assertRelays(Direction.TO_PEER);
    }

    @Test
    void errorFromThePeerClosesBothEnds() throws Exception {
        connection.settle();
        connection.peerResets();
        connection.untilEnded();
        assertEverythingIsClosed();
        assertGuestSeesTheEndBothWays();
        assertEquals(Optional.empty(), relay.cutReason());
    }

    @Test
    void bytesForAGuestThatHasClosedItsReadEndAreDiscardedAndTheOtherFlowGoesOn() throws Exception {
        guestClosesItsReadEnd();
        assertFalse(connection.pipe.writer().isOpen());
        for (long sent = 0; sent < MUCH; ) {
            sent += Math.max(connection.peerWrites(MUCH - sent), 0);
            connection.settle();
        }
        connection.until("all are read", () -> relay.bytesFromPeer() == MUCH);
        connection.assertRelays(Direction.TO_PEER);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void endOfBothFlowsClosesTheSocket(boolean guestFirst) throws Exception {
        if (guestFirst) guestClosesItsWriteEnd();
        else peerSendsFin();
        connection.until("the first", () -> relay.toPeer.hasEnded() || relay.fromPeer.hasEnded());
        assertFalse(connection.ended);
        if (guestFirst) peerSendsFin();
        else guestClosesItsWriteEnd();
        connection.untilEnded();
        assertEverythingIsClosed();
        assertEquals(0, connection.toTheEnd(Direction.TO_PEER));
        assertEquals(Optional.empty(), relay.cutReason());
    }

    @Test
    void connectionThatTheGuestHasClosedLingersUntilThePeerHasAcknowledgedAll() throws Exception {
        guestSends(MORE_THAN_THE_PEER_TAKES);
        guestClosesItsReadEnd();
        guestClosesItsWriteEnd();
        connection.until("the flow ends", relay.toPeer::hasEnded);
        connection.peerWrites(5);
        connection.until("late bytes are discarded", () -> relay.bytesFromPeer() == 5);
        assertFalse(connection.ended);
        assertEquals(MORE_THAN_THE_PEER_TAKES, connection.toTheEnd(Direction.TO_PEER));
        connection.untilEnded();
        assertEverythingIsClosed();
        assertEquals(Optional.empty(), relay.cutReason());
    }

    @Test
    void connectionThatTheGuestHasClosedIsCutAfterTheLingerTimeWithoutAnAcknowledgement() throws Exception {
        close();
        open(Duration.ofMillis(1));
        guestSends(MORE_THAN_THE_PEER_TAKES);
        guestClosesItsReadEnd();
        guestClosesItsWriteEnd();
        connection.untilEnded();
        assertEverythingIsClosed();
        CutReason.Unacknowledged reason = assertInstanceOf(
                CutReason.Unacknowledged.class, relay.cutReason().orElseThrow());
        assertTrue(reason.bytes() > 0 && reason.bytes() < MORE_THAN_THE_PEER_TAKES, reason::toString);
        assertEquals(MORE_THAN_THE_PEER_TAKES, connection.toTheEnd(Direction.TO_PEER));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void pipeThatTheGuestHasClosedIsEmptiedForAsLongAsThePeerGoesOnToRead(boolean discards) throws Exception {
        long sent = fill(Direction.TO_PEER);
        endFromPeer(discards);
        guestClosesItsWriteEnd();
        connection.until("the pipe hangs up", relay.toPeer::hasHungUp);
        assertFalse(connection.ended);
        assertEquals(sent, connection.toTheEnd(Direction.TO_PEER));
        connection.untilEnded();
        assertEverythingIsClosed();
        assertEquals(Optional.empty(), relay.cutReason());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void pipeThatTheGuestHasClosedIsCutAfterTheLingerTimeByAReset(boolean discards) throws Exception {
        close();
        open(Duration.ofMillis(1));
        fill(Direction.TO_PEER);
        endFromPeer(discards);
        guestClosesItsWriteEnd();
        connection.untilEnded();
        assertEverythingIsClosed();
        assertInstanceOf(CutReason.Unacknowledged.class, relay.cutReason().orElseThrow());
        connection.assertPeerIsReset();
    }

    private void endFromPeer(boolean discards) throws Exception {
        if (discards) {
            guestClosesItsReadEnd();
        } else {
            peerSendsFin();
            connection.until("the flow ends", relay.fromPeer::hasEnded);
        }
    }

    @Test
    void errorTowardsThePeerOfAGuestThatReadsNoMoreClosesTheSocket() throws Exception {
        guestClosesItsReadEnd();
        connection.guestWrites(1);
        connection.peerResets();
        relay.toPeer.sourceReady(); // before the loop tells the other flow of the reset
        assertEquals(-Errno.ECONNRESET, relay.toPeer.reason());
        assertEverythingIsClosed();
        assertEquals(Optional.empty(), relay.cutReason());
    }

    @ParameterizedTest
    @EnumSource
    void callThatTheKernelRefusesResetsTheConnectionAndClosesEverything(Direction direction) throws Exception {
        connection.splice = (_, _, _) -> -Errno.EPERM; // as under a seccomp filter
        direction.feed(connection, 1);
        connection.untilEnded();
        assertEverythingIsClosed();
        assertEquals(
                Errno.EPERM,
                assertInstanceOf(CutReason.CallRefused.class, relay.cutReason().orElseThrow())
                        .errno());
        connection.assertPeerIsReset();
        assertGuestSeesTheEndBothWays();
    }
}
