package arca.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.control.ProtocolException.Reason;
import arca.control.Request.AcceptRequest;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class MonitorSessionTest {
    private final MonitorSession session = new MonitorSession();

    /** Returns the frames of AcceptRequests for the listeners 1 to {@code n}, with the same numbers as request ids. */
    private static byte[] accepts(int n) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 1; i <= n; i++) bytes.writeBytes(Frames.of(i, new AcceptRequest(i)));
        return bytes.toByteArray();
    }

    private void received(byte[] bytes, int offset, int length) {
        session.received(MemorySegment.ofArray(bytes), offset, length);
    }

    private List<Integer> ids() throws ProtocolException {
        List<Integer> ids = new ArrayList<>();
        while (session.next()) {
            assertEquals(new AcceptRequest(session.requestId()), session.request());
            ids.add(session.requestId());
        }
        return ids;
    }

    @Test
    void framesOfOneReadComeOutInTheirOrder() throws Exception {
        byte[] bytes = accepts(5);
        received(bytes, 0, bytes.length);
        assertEquals(List.of(1, 2, 3, 4, 5), ids());
        session.end();
    }

    @Test
    void callerMayStopAfterAnyRequestAndGoOnLater() throws Exception {
        byte[] bytes = accepts(4);
        received(bytes, 0, bytes.length - 3);
        assertTrue(session.next());
        assertTrue(session.next());
        // Say that the reply to 2 does not fit. The caller stops, and must not bring more bytes meanwhile.
        assertEquals(2, session.requestId());
        assertThrows(IllegalStateException.class, () -> received(bytes, 0, 1));
        assertThrows(IllegalStateException.class, session::end);
        assertEquals(new AcceptRequest(2), session.request());
        assertEquals(List.of(3), ids());
        received(bytes, bytes.length - 3, 3);
        assertEquals(List.of(4), ids());
    }

    @Test
    void bufferMayBeReusedWhenNextHasReturnedFalse() throws Exception {
        byte[] all = accepts(50);
        byte[] buffer = new byte[16];
        List<Integer> ids = new ArrayList<>();
        for (int at = 0; at < all.length; at += 16) {
            int n = Math.min(16, all.length - at);
            System.arraycopy(all, at, buffer, 0, n);
            received(buffer, 0, n);
            ids.addAll(ids());
            Arrays.fill(buffer, (byte) 0xff);
        }
        assertEquals(50, ids.size());
        assertEquals(50, ids.getLast());
        session.end();
    }

    @Test
    void requestsBeforeAMalformedFrameComeOut() throws Exception {
        byte[] bytes = accepts(3);
        bytes[22] = 0; // the third's type
        received(bytes, 0, bytes.length);
        assertTrue(session.next());
        assertTrue(session.next());
        for (int i = 0; i < 3; i++) {
            ProtocolException e = assertThrows(ProtocolException.class, session::next);
            assertEquals(Reason.UNKNOWN_TYPE, e.reason());
            assertEquals("UNKNOWN_TYPE: message_type 0", e.getMessage());
        }
        assertEquals(2, session.requestId());
    }

    @Test
    void malformedHeaderIsRefusedBeforeItsPayloadArrives() throws Exception {
        byte[] bytes = {3, (byte) 0xff, (byte) 0xff, 1, 0, 0, 0};
        for (int i = 0; i < 6; i++) {
            received(bytes, i, 1);
            assertFalse(session.next());
        }
        received(bytes, 6, 1);
        ProtocolException e = assertThrows(ProtocolException.class, session::next);
        assertEquals(Reason.PAYLOAD_TOO_LONG, e.reason());
        assertEquals("PAYLOAD_TOO_LONG: payload_len is 65535, and must be 6 for ConnectRequest", e.getMessage());
    }

    @Test
    void endBetweenFramesIsAllowedAndInsideAFrameIsTruncated() throws Exception {
        session.end();
        byte[] bytes = accepts(2);
        received(bytes, 0, bytes.length - 1);
        assertEquals(List.of(1), ids());
        assertEquals(
                Reason.TRUNCATED,
                assertThrows(ProtocolException.class, session::end).reason());
    }

    @Test
    void emptyReadBringsNoRequest() throws Exception {
        assertFalse(session.next());
        received(new byte[0], 0, 0);
        assertFalse(session.next());
        assertThrows(IllegalStateException.class, session::request);
        assertThrows(IndexOutOfBoundsException.class, () -> received(new byte[4], 2, 3));
        session.end();
    }
}
