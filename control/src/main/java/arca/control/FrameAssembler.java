package arca.control;

import arca.control.MessageType.Sender;
import arca.control.ProtocolException.Reason;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Cuts a stream of bytes into frames, wherever the reads split the stream. A frame that is whole in the caller's buffer
 * stays there. Only a frame that a read has split is copied, into a buffer of fixed size.
 *
 * <pre>
 * part holds    event                          part then holds  result
 * nothing       a whole frame is received      nothing          the frame, in the caller's buffer
 * nothing       the bytes end inside a frame   its first bytes  no frame
 * first bytes   the rest of it is received     nothing          the frame, in part
 * first bytes   the bytes end before that      more bytes       no frame
 * anything      a malformed header is whole    the same         an exception, from every further call too
 * </pre>
 *
 * Allocates nothing but exceptions. For one thread at a time.
 */
final class FrameAssembler {
    private final Sender sender;
    private final MemorySegment part = MemorySegment.ofArray(new byte[Wire.MAX_FRAME]);
    private int held; // how many bytes of a split frame are in part

    private MemorySegment bytes = MemorySegment.NULL; // the caller's buffer
    private long position; // in bytes: the first byte that was not yet used
    private long limit;

    private MemorySegment frame = MemorySegment.NULL; // holds the current frame: the caller's buffer, or part
    private long offset; // of the current frame

    FrameAssembler(Sender sender) {
        this.sender = sender;
    }

    /** Takes the next bytes of the stream. They must not change until {@link #next} has returned false. */
    void received(MemorySegment bytes, long offset, long length) {
        if (position != limit)
            throw new IllegalStateException("next() was not called for " + (limit - position) + " bytes");
        Objects.checkFromIndexSize(offset, length, bytes.byteSize());
        this.bytes = bytes;
        position = offset;
        limit = offset + length;
    }

    /** Advances to the next frame. Returns false if that frame is not yet complete: all bytes were used then. */
    boolean next() throws ProtocolException {
        if (held == 0 && limit - position >= Wire.HEADER_SIZE) {
            int size = Wire.type(bytes, position, sender).frameSize();
            if (limit - position >= size) {
                current(bytes, position);
                position += size;
                return true;
            }
        }
        if (!fillPart(Wire.HEADER_SIZE)) return false;
        if (!fillPart(Wire.type(part, 0, sender).frameSize())) return false;
        current(part, 0);
        held = 0;
        return true;
    }

    /** Copies bytes until part holds at least {@code size}. Returns false if fewer have been received. */
    private boolean fillPart(int size) {
        if (held < size) {
            int n = (int) Math.min(size - held, limit - position);
            MemorySegment.copy(bytes, position, part, held, n);
            position += n;
            held += n;
        }
        return held >= size;
    }

    private void current(MemorySegment frame, long offset) {
        this.frame = frame;
        this.offset = offset;
    }

    /** Returns the segment that holds the current frame. It is valid until the next call of {@link #next}. */
    MemorySegment frame() {
        return frame;
    }

    /** Returns where in {@link #frame} the current frame begins. */
    long offset() {
        return offset;
    }

    /** Returns whether a part of a frame has been received, and its rest is missing. */
    boolean insideFrame() {
        return held > 0;
    }

    /** Ends the stream after the bytes received. Throws TRUNCATED if that is inside a frame. */
    void end() throws ProtocolException {
        if (position != limit)
            throw new IllegalStateException("next() was not called for " + (limit - position) + " bytes");
        if (held > 0)
            throw new ProtocolException(Reason.TRUNCATED, "the channel ended after " + held + " bytes of a frame");
    }
}
