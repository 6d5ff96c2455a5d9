package arca.control;

import arca.control.MessageType.Sender;
import arca.control.ProtocolException.Reason;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Cuts a stream of bytes into frames, however the stream was split on its way. A frame that is whole in the caller's
 * buffer is shown where it lies; only the parts of a split one are copied, into a buffer of fixed size.
 *
 * <pre>
 * held          event                         next          because
 * nothing       a whole frame is there        nothing       shown in place
 * nothing       the bytes end inside a frame  part          and its bytes are copied
 * part          the frame's last byte came    nothing       shown in our buffer
 * part          the bytes end before that     part
 * any           a malformed header is whole   the same      thrown, and again at every further call
 * </pre>
 *
 * Allocates nothing but exceptions. Not for more than one thread at a time.
 */
final class FrameAssembler {
    private final Sender sender;
    private final MemorySegment part = MemorySegment.ofArray(new byte[Wire.MAX_FRAME]);
    private int held; // bytes of a split frame in part

    private MemorySegment bytes = MemorySegment.NULL; // the caller's, up to limit
    private long position;
    private long limit;

    private MemorySegment frame = MemorySegment.NULL; // the frame shown: in the caller's buffer, or in part
    private long offset;

    FrameAssembler(Sender sender) {
        this.sender = sender;
    }

    /** Takes bytes of the stream, which must not change until {@link #next} has answered false. */
    void received(MemorySegment bytes, long offset, long length) {
        if (position != limit) throw new IllegalStateException((limit - position) + " bytes were not yet asked for");
        Objects.checkFromIndexSize(offset, length, bytes.byteSize());
        this.bytes = bytes;
        position = offset;
        limit = offset + length;
    }

    /** Goes on to the next frame; false if it has not wholly come, and then all bytes received were taken. */
    boolean next() throws ProtocolException {
        if (held == 0 && limit - position >= Wire.HEADER_SIZE) {
            int size = Wire.type(bytes, position, sender).frameSize();
            if (limit - position >= size) {
                show(bytes, position);
                position += size;
                return true;
            }
        }
        if (!hold(Wire.HEADER_SIZE)) return false;
        if (!hold(Wire.type(part, 0, sender).frameSize())) return false;
        show(part, 0);
        held = 0;
        return true;
    }

    /** Copies until at least {@code size} bytes are held; false if that many have not come. */
    private boolean hold(int size) {
        if (held < size) {
            int n = (int) Math.min(size - held, limit - position);
            MemorySegment.copy(bytes, position, part, held, n);
            position += n;
            held += n;
        }
        return held >= size;
    }

    private void show(MemorySegment frame, long offset) {
        this.frame = frame;
        this.offset = offset;
    }

    /** The segment that has the frame; good until the next call here. */
    MemorySegment frame() {
        return frame;
    }

    /** Where in {@link #frame} it begins. */
    long offset() {
        return offset;
    }

    /** Whether a frame has begun that has not wholly come. */
    boolean insideFrame() {
        return held > 0;
    }

    /** Says that the stream has ended after what was received. */
    void end() throws ProtocolException {
        if (position != limit) throw new IllegalStateException((limit - position) + " bytes were not yet asked for");
        if (held > 0)
            throw new ProtocolException(Reason.TRUNCATED, "the channel ended " + held + " bytes into a frame");
    }
}
