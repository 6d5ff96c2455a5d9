package arca.control;

/**
 * Bytes that are not the protocol's. It ends one session, the one they came from; nothing of any other changes.
 *
 * <p>It has no stack trace: it tells of a stranger's bytes, not of a place in this program, and a stranger should not
 * be able to make us walk the stack.
 */
public final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1;

    /** What is wrong with the bytes. */
    public enum Reason {
        /** A message_type that revision 1 does not have. */
        UNKNOWN_TYPE,

        /** A reply's message_type, sent by a guest. */
        NOT_A_REQUEST,

        /** A request's message_type, sent by a monitor. */
        NOT_A_REPLY,

        /** A payload_len over 256. */
        PAYLOAD_TOO_LONG,

        /** A payload_len up to 256 that is not its type's. */
        WRONG_PAYLOAD_LENGTH,

        /** The channel ended inside a frame. */
        TRUNCATED,

        /** A connection of another listener than the one asked for, or a ConnectOk that names a listener at all. */
        WRONG_LISTENER,

        /** A reply whose request_id no outstanding request has. */
        UNKNOWN_REQUEST,

        /** A reply to a request of another kind: a ConnectOk where a ListenRequest waits. */
        WRONG_REPLY
    }

    /** What is wrong with the bytes. */
    private final Reason reason;

    ProtocolException(Reason reason, String detail) {
        super(reason + ": " + detail, null, false, false);
        this.reason = reason;
    }

    /**
     * What is wrong with the bytes.
     *
     * @return the reason; the message has it too, with the numbers that show it
     */
    public Reason reason() {
        return reason;
    }
}
