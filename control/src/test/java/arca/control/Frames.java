package arca.control;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Encodes messages for tests, of this package and of others. */
public final class Frames {
    private Frames() {}

    /** Returns the bytes of a request's frame. */
    public static byte[] of(int requestId, Request request) {
        byte[] bytes = new byte[Request.MAX_FRAME_SIZE];
        return Arrays.copyOf(bytes, request.encode(requestId, MemorySegment.ofArray(bytes), 0));
    }

    /** Returns the bytes of a reply's frame. */
    public static byte[] of(int requestId, Reply reply) {
        byte[] bytes = new byte[Reply.MAX_FRAME_SIZE];
        return Arrays.copyOf(bytes, reply.encode(requestId, MemorySegment.ofArray(bytes), 0));
    }
}
