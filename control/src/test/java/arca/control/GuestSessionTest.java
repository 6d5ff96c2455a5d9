package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.ProtocolException.Reason;
import arca.control.Reply.AcceptErr;
import arca.control.Reply.ConnectErr;
import arca.control.Reply.ConnectOk;
import arca.control.Reply.IncomingConnection;
import arca.control.Reply.ListenErr;
import arca.control.Reply.ListenOk;
import arca.control.Request.AcceptRequest;
import arca.control.Request.ConnectRequest;
import arca.control.Request.ListenRequest;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GuestSessionTest {
    private static final Endpoint AT = new Endpoint(0x7f000001, 8080);
    private static final Request LISTEN = new ListenRequest(AT);
    private static final Request CONNECT = new ConnectRequest(AT);
    private static final Request ACCEPT = new AcceptRequest(5);
    private static final DataPipeInfo PIPE = new DataPipeInfo(1, 65536);
    private static final Reply CONNECT_OK = new ConnectOk(new ConnectionReady(0, 1, PIPE));
    private static final Reply INCOMING = new IncomingConnection(new ConnectionReady(5, 1, PIPE));

    private final GuestSession session = new GuestSession();

    private void received(int requestId, Reply reply) {
        byte[] frame = Frames.of(requestId, reply);
        session.received(MemorySegment.ofArray(frame), 0, frame.length);
    }

    @Test
    void requestsAreNumberedFromOne() {
        assertEquals(
                List.of(1, 2, 3),
                Stream.generate(() -> session.ask(LISTEN)).limit(3).toList());
        assertEquals(3, session.outstanding());
    }

    @Test
    void zeroIsSkippedAfterTheLastNumber() {
        session.nextId = -2;
        assertEquals(
                List.of(-2, -1, 1, 2),
                Stream.generate(() -> session.ask(CONNECT)).limit(4).toList());
    }

    @Test
    void outstandingNumbersAreSkippedOnTheNextLap() throws Exception {
        for (int i = 0; i < 4; i++) session.ask(LISTEN);
        received(2, new ListenOk(1));
        assertTrue(session.next());
        session.nextId = -1;
        assertEquals(
                List.of(-1, 2, 5),
                Stream.generate(() -> session.ask(LISTEN)).limit(3).toList());
    }

    @Test
    void sessionIsInsideAFrameFromItsFirstByteToItsLast() throws Exception {
        session.ask(LISTEN);
        byte[] frame = Frames.of(1, new ListenOk(1));
        assertFalse(session.insideFrame());
        for (int i = 0; i < frame.length; i++) {
            session.received(MemorySegment.ofArray(frame), i, 1);
            boolean last = i == frame.length - 1;
            assertEquals(last, session.next());
            assertFalse(session.next());
            assertEquals(!last, session.insideFrame());
        }
    }

    @Test
    void replyIsMatchedToItsRequestInAnyOrder() throws Exception {
        session.ask(LISTEN);
        session.ask(CONNECT);
        session.ask(ACCEPT);
        received(3, INCOMING);
        assertTrue(session.next());
        assertEquals(3, session.requestId());
        assertSame(ACCEPT, session.request());
        assertEquals(INCOMING, session.reply());
        received(1, new ListenErr(98));
        assertTrue(session.next());
        assertSame(LISTEN, session.request());
        assertEquals(new ListenErr(98), session.reply());
        received(2, CONNECT_OK);
        assertTrue(session.next());
        assertSame(CONNECT, session.request());
        assertEquals(0, session.outstanding());
        session.end();
    }

    static Stream<Arguments> unfit() {
        return Stream.of(
                Arguments.of(LISTEN, CONNECT_OK, Reason.WRONG_REPLY),
                Arguments.of(LISTEN, INCOMING, Reason.WRONG_REPLY),
                Arguments.of(LISTEN, new ConnectErr(1), Reason.WRONG_REPLY),
                Arguments.of(LISTEN, new AcceptErr(1), Reason.WRONG_REPLY),
                Arguments.of(CONNECT, new ListenOk(1), Reason.WRONG_REPLY),
                Arguments.of(CONNECT, INCOMING, Reason.WRONG_REPLY),
                Arguments.of(CONNECT, new ListenErr(1), Reason.WRONG_REPLY),
                Arguments.of(CONNECT, new AcceptErr(1), Reason.WRONG_REPLY),
                Arguments.of(ACCEPT, new ListenOk(1), Reason.WRONG_REPLY),
                Arguments.of(ACCEPT, CONNECT_OK, Reason.WRONG_REPLY),
                Arguments.of(ACCEPT, new ListenErr(1), Reason.WRONG_REPLY),
                Arguments.of(ACCEPT, new ConnectErr(1), Reason.WRONG_REPLY),
                Arguments.of(new AcceptRequest(6), INCOMING, Reason.WRONG_LISTENER));
    }

    @ParameterizedTest(name = "{0} answered by {1}")
    @MethodSource("unfit")
    void replyThatDoesNotFitItsRequestEndsTheSession(Request request, Reply reply, Reason reason) {
        int id = session.ask(request);
        received(id, reply);
        ProtocolException first = assertThrows(ProtocolException.class, session::next);
        assertEquals(reason, first.reason());
        assertEquals(1, session.outstanding());
        received(id, new ListenOk(1));
        assertSame(first, assertThrows(ProtocolException.class, session::next));
    }

    @Test
    void replyToAnUnknownRequestEndsTheSession() {
        session.ask(LISTEN);
        received(2, new ListenOk(1));
        ProtocolException e = assertThrows(ProtocolException.class, session::next);
        assertEquals(Reason.UNKNOWN_REQUEST, e.reason());
        assertThrows(IllegalStateException.class, session::reply);
        assertThrows(IllegalStateException.class, session::request);
    }

    @Test
    void secondReplyToOneRequestEndsTheSession() throws Exception {
        int id = session.ask(LISTEN);
        received(id, new ListenOk(1));
        assertTrue(session.next());
        received(id, new ListenOk(1));
        assertEquals(
                Reason.UNKNOWN_REQUEST,
                assertThrows(ProtocolException.class, session::next).reason());
    }

    @Test
    void requestFromTheMonitorEndsTheSession() {
        byte[] frame = Frames.of(1, LISTEN);
        session.received(MemorySegment.ofArray(frame), 0, Wire.HEADER_SIZE);
        assertEquals(
                Reason.NOT_A_REPLY,
                assertThrows(ProtocolException.class, session::next).reason());
    }

    @Test
    void endInsideAReplyIsTruncated() throws Exception {
        session.ask(CONNECT);
        byte[] frame = Frames.of(1, CONNECT_OK);
        session.received(MemorySegment.ofArray(frame), 0, 20);
        assertEquals(false, session.next());
        assertEquals(
                Reason.TRUNCATED,
                assertThrows(ProtocolException.class, session::end).reason());
    }
}
