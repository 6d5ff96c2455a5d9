package arca.monitor.relay;

import static arca.bindings.Constants.FIONREAD;
import static arca.bindings.Constants.F_SETFL;
import static arca.bindings.Constants.MSG_OOB;
import static arca.bindings.Constants.O_DIRECT;
import static arca.bindings.Constants.O_NONBLOCK;
import static arca.bindings.Constants.SHUT_WR;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Errno;
import arca.bindings.Sockets;
import arca.bindings.Syscalls;
import arca.monitor.relay.Connection.Loop;
import arca.monitor.relay.Connection.Method;
import arca.monitor.relay.Flow.State;
import arca.testkit.Patience;
import java.lang.foreign.Arena;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Walks the table of {@link Flow}, row by row. */
@ParameterizedClass(name = "{0}")
@EnumSource(Loop.class)
class FlowTest {
    private static final int PAGE = 4096;
    private static final int MUCH = 1 << 20;

    @Parameter
    Loop loop;

    private Connection connection;

    @BeforeEach
    void open() throws Exception {
        open(Method.SPLICE);
    }

    private void open(Method method) throws Exception {
        connection = new Connection(loop, method, Duration.ofDays(1));
        connection.settle();
    }

    @AfterEach
    void close() {
        connection.close();
    }

    private void assertState(State state, Flow flow) {
        assertEquals(state, flow.state());
    }

    /** Brings a flow from DRAINED to another state. */
    private void bring(Direction direction, State state) throws Exception {
        switch (state) {
            case DRAINED -> {}
            case BLOCKED -> block(direction);
            case READY -> {
                supplyWithoutEnd(direction);
                direction.flow(connection).sourceReady();
            }
            case RETRY -> {
                connection.splice = (_, _, _) -> -Errno.ENOMEM;
                direction.flow(connection).sourceReady();
            }
            case ENDED -> {
                end(direction);
                connection.until("the flow ends", direction.flow(connection)::hasEnded);
            }
        }
        assertState(state, direction.flow(connection));
    }

    /** Feeds until the source is full behind a sink that is full. */
    private void block(Direction direction) throws Exception {
        Flow flow = direction.flow(connection);
        Patience.await("the flow is blocked", () -> {
            connection.settle();
            return direction.feed(connection, MUCH) < 0 && flow.state() == State.BLOCKED;
        });
    }

    /**
     * From now on each splice(2) finds two pages at its source and room at its sink, and moves one page: more would be a short
     * count from a pipe that is empty.
     */
    private void supplyWithoutEnd(Direction direction) {
        Flow flow = direction.flow(connection);
        long[] fed = {0};
        connection.splice = (in, out, _) -> {
            while (fed[0] < flow.moved() + 2 * PAGE) fed[0] += direction.feed(connection, PAGE);
            while (Syscalls.ioctl(in, FIONREAD) < 2 * PAGE) Thread.onSpinWait(); // TCP may still be on its way
            while (direction.drain(connection, MUCH) > 0) continue;
            return connection.linux.splice(in, out, PAGE);
        };
    }

    /** The source of a flow ends. */
    private void end(Direction direction) throws Exception {
        switch (direction) {
            case TO_PEER -> connection.pipe.guestWriter().close();
            case FROM_PEER -> Sockets.shutdown(connection.peer, SHUT_WR);
        }
    }

    private void awaitAtSocket(int bytes) throws Exception {
        Patience.await("bytes at the socket", () -> Syscalls.ioctl(connection.socket.fd(), FIONREAD) == bytes);
    }

    @ParameterizedTest
    @EnumSource
    void startsDrained(Direction direction) {
        assertState(State.DRAINED, direction.flow(connection));
        assertEquals(0, connection.mover.calls());
    }

    @ParameterizedTest
    @EnumSource
    void drainedRunsAtAnEventOfTheSource(Direction direction) {
        Flow flow = direction.flow(connection);
        direction.feed(connection, 5);
        connection.until("bytes are moved", () -> flow.moved() == 5);
    }

    @ParameterizedTest
    @EnumSource
    void drainedStaysAtAnEventOfTheSink(Direction direction) {
        Flow flow = direction.flow(connection);
        direction.feed(connection, 5);
        flow.sinkReady();
        assertState(State.DRAINED, flow);
        assertEquals(0, connection.mover.calls());
    }

    @ParameterizedTest
    @EnumSource
    void blockedRunsAtAnEventOfTheSource(Direction direction) throws Exception {
        bring(direction, State.BLOCKED);
        long calls = connection.mover.calls();
        direction.flow(connection).sourceReady();
        assertNotEquals(calls, connection.mover.calls());
    }

    @ParameterizedTest
    @CsvSource({"TO_PEER, SPLICE", "FROM_PEER, SPLICE", "TO_PEER, COPY", "FROM_PEER, COPY"})
    void blockedRunsAtAnEventOfTheSink(Direction direction, Method method) throws Exception {
        close();
        open(method);
        bring(direction, State.BLOCKED);
        Flow flow = direction.flow(connection);
        long moved = flow.moved();
        while (flow.moved() == moved) {
            while (direction.drain(connection, MUCH) > 0) continue;
            assertTrue(connection.reactor.step(Patience.MILLIS), "the sink has room");
        }
    }

    @ParameterizedTest
    @EnumSource
    void readyGoesOnForATurnAndThenJoinsTheReadyList(Direction direction) throws Exception {
        bring(direction, State.READY);
        Flow flow = direction.flow(connection);
        assertEquals(Flow.TURN_BYTES, flow.moved());
        connection.reactor.step(0);
        assertState(State.READY, flow);
        assertEquals(2 * Flow.TURN_BYTES, flow.moved());
    }

    @ParameterizedTest
    @EnumSource
    void readyWaitsForItsTurnAtAnEventOfEitherSide(Direction direction) throws Exception {
        bring(direction, State.READY);
        Flow flow = direction.flow(connection);
        flow.sourceReady();
        flow.sinkReady();
        assertState(State.READY, flow);
        assertEquals(Flow.TURN_BYTES, flow.moved());
    }

    @Test
    void shortCountFromAPipeThatIsEmptyLeadsToDrained() {
        Flow flow = connection.relay.toPeer;
        connection.guestWrites(5);
        flow.sourceReady();
        assertState(State.DRAINED, flow);
        assertEquals(1, connection.mover.calls());
    }

    @ParameterizedTest
    @EnumSource
    void shortCountFromAPipeThatHasMoreLeadsToAnotherCall(Method method) throws Exception {
        close();
        open(method);
        Syscalls.fcntl(connection.pipe.guestWriter().fd(), F_SETFL, O_DIRECT | O_NONBLOCK);
        connection.splice = (in, out, _) -> connection.linux.splice(in, out, 5); // a short count, as after a signal
        for (int i = 0; i < 3; i++) connection.guestWrites(5);
        connection.relay.toPeer.sourceReady();
        assertState(State.DRAINED, connection.relay.toPeer);
        assertEquals(15, connection.relay.bytesToPeer());
        assertEquals(3, connection.mover.calls());
    }

    @Test
    void shortCountFromASocketLeadsToBlocked() throws Exception {
        connection.peerWrites(5);
        awaitAtSocket(5);
        connection.relay.fromPeer.sourceReady();
        assertState(State.BLOCKED, connection.relay.fromPeer);
        assertEquals(1, connection.mover.calls());
    }

    @Test
    void countOfWholePagesFromASocketLeadsToAnotherCall() throws Exception {
        connection.peerWrites(PAGE);
        awaitAtSocket(PAGE);
        connection.relay.fromPeer.sourceReady();
        assertState(State.BLOCKED, connection.relay.fromPeer);
        assertEquals(2, connection.mover.calls());
    }

    @Test
    void shortCountFromASocketBeforeAnUrgentByteLeadsToAnotherCall() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            Syscalls.send(connection.peer.value(), arena.allocate(4), 0, 4, MSG_OOB); // the last one is the urgent one
        }
        awaitAtSocket(4);
        connection.until("the urgent byte is moved", () -> connection.relay.bytesFromPeer() == 4);
    }

    @Test
    void eagainWhereTheSourceMayHaveBytesLeadsToBlocked() throws Exception {
        bring(Direction.TO_PEER, State.BLOCKED);
        assertNotEquals(0, Syscalls.ioctl(connection.pipe.reader().fd(), FIONREAD));
    }

    @Test
    void eagainFromASocketLeadsToBlockedAlsoIfItIsEmpty() {
        connection.relay.fromPeer.sourceReady();
        assertState(State.BLOCKED, connection.relay.fromPeer);
        assertEquals(1, connection.mover.calls());
    }

    @Test
    void eagainFromAPipeThatIsEmptyLeadsToDrained() {
        connection.relay.toPeer.sourceReady();
        assertState(State.DRAINED, connection.relay.toPeer);
        assertEquals(1, connection.mover.calls());
    }

    @ParameterizedTest
    @EnumSource
    void zeroLeadsToEndedBehindEveryByte(Direction direction) throws Exception {
        direction.feed(connection, 5);
        end(direction);
        Flow flow = direction.flow(connection);
        connection.until("the flow ends", flow::hasEnded);
        assertEquals(0, flow.reason());
        assertEquals(5, connection.toTheEnd(direction));
    }

    @ParameterizedTest
    @CsvSource({"TO_PEER, ENOMEM", "TO_PEER, ENOBUFS", "FROM_PEER, ENOMEM", "FROM_PEER, ENOBUFS"})
    void memoryThatIsShortLeadsToRetryAndATimerToReady(Direction direction, String error) {
        Flow flow = direction.flow(connection);
        int errno = error.equals("ENOMEM") ? Errno.ENOMEM : Errno.ENOBUFS;
        connection.splice = (_, _, _) -> -errno;
        direction.feed(connection, 5);
        connection.until("memory is short", () -> flow.state() == State.RETRY);
        connection.splice = connection.linux::splice;
        connection.until("bytes are moved", () -> flow.moved() == 5);
    }

    @ParameterizedTest
    @EnumSource
    void retryWaitsForTheTimerAtAnEventOfEitherSide(Direction direction) throws Exception {
        bring(direction, State.RETRY);
        Flow flow = direction.flow(connection);
        long calls = connection.mover.calls();
        flow.sourceReady();
        flow.sinkReady();
        assertState(State.RETRY, flow);
        assertEquals(calls, connection.mover.calls());
    }

    @ParameterizedTest
    @EnumSource
    void errorLeadsToEndedAndIsKept(Direction direction) throws Exception {
        connection.guestWrites(5);
        connection.peerWrites(7);
        awaitAtSocket(7);
        connection.peerResets();
        Flow flow = direction.flow(connection);
        while (!flow.hasEnded()) flow.turn(); // more than once: bytes came before the reset
        assertEquals(-Errno.ECONNRESET, flow.reason());
        assertEquals(direction == Direction.TO_PEER ? 0 : 7, flow.moved());
    }

    @ParameterizedTest
    @CsvSource({
        "TO_PEER, DRAINED",
        "TO_PEER, BLOCKED",
        "TO_PEER, READY",
        "TO_PEER, RETRY",
        "FROM_PEER, DRAINED",
        "FROM_PEER, BLOCKED",
        "FROM_PEER, READY",
        "FROM_PEER, RETRY"
    })
    void stoppedIsEndedForGood(Direction direction, State state) throws Exception {
        bring(direction, state);
        Flow flow = direction.flow(connection);
        flow.stop(-Errno.ECONNABORTED);
        long calls = connection.mover.calls();
        flow.sourceReady();
        flow.sinkReady();
        flow.turn();
        assertState(State.ENDED, flow);
        assertEquals(-Errno.ECONNABORTED, flow.reason());
        assertEquals(calls, connection.mover.calls());
    }

    @ParameterizedTest
    @EnumSource
    void endedKeepsItsReasonWhenItIsStopped(Direction direction) throws Exception {
        bring(direction, State.ENDED);
        Flow flow = direction.flow(connection);
        flow.stop(-Errno.ECONNABORTED);
        assertEquals(0, flow.reason());
    }
}
