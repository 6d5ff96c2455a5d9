package arca.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import arca.bindings.Syscalls;
import arca.control.ConnectionReady;
import arca.control.Reply;
import arca.control.Request;
import arca.testnet.GuestSide;
import arca.testnet.Side;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Sends requests to an embedded guest and reads its replies, for tests that drive the guest's loop in their own thread. No call
 * waits.
 */
final class EmbeddedRequests {
    private EmbeddedRequests() {}

    /** Sends a request with the request id 1. The loop has not handled it yet. */
    static void ask(EmbeddedGuest guest, Request request) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment frame = arena.allocate(Request.MAX_FRAME_SIZE);
            int size = request.encode(1, frame, 0);
            assertEquals(size, Syscalls.write(guest.requests().value(), frame.asSlice(0, size)));
        }
    }

    static boolean isAnswered(EmbeddedGuest guest) {
        return !Side.isSilent(guest.replies());
    }

    /** Returns the reply that has come. Fails if none has come, or more than one. */
    static Reply answer(EmbeddedGuest guest) throws Exception {
        assertTrue(isAnswered(guest), "no reply is there");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(2L * Reply.MAX_FRAME_SIZE);
            long n = Syscalls.read(guest.replies().value(), bytes);
            Reply reply = Reply.decode(bytes, 0);
            assertEquals(n, reply.encode(1, arena.allocate(Reply.MAX_FRAME_SIZE), 0), "one reply");
            return reply;
        }
    }

    /** Sends a request, and drives the loop until the reply has come. */
    static Reply call(EmbeddedGuest guest, Request request) throws Exception {
        ask(guest, request);
        assertTrue(guest.serveOne());
        return answer(guest);
    }

    /** Takes the guest's side of a connection. */
    static GuestSide take(EmbeddedGuest guest, ConnectionReady ready) throws IOException {
        var ends = guest.take(ready.pipe().pipeId());
        return new GuestSide(ends.reader(), ends.writer(), ready);
    }
}
