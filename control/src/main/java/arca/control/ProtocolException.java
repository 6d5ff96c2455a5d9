package arca.control;

/**
 * Thrown when bytes from the other side break the protocol. The session that they came from is over. No other session is
 * affected.
 *
 * <p>It has no stack trace. It reports bytes that a stranger has sent, not a place in this program, and a stranger must not
 * be able to make this process fill in stack traces.
 */
public final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1;

    /** The reasons for which a frame is malformed, in the order in which they are checked. */
    public enum Reason {
        /** The message_type is none of revision 1. */
        UNKNOWN_TYPE,

        /** A guest has sent a reply. */
        NOT_A_REQUEST,

        /** A monitor has sent a request. */
        NOT_A_REPLY,

        /** The payload_len is over 256. */
        PAYLOAD_TOO_LONG,

        /** The payload_len is at most 256, but not the size of its type. */
        WRONG_PAYLOAD_LENGTH,

        /** The channel has ended inside a frame. */
        TRUNCATED,

        /** An IncomingConnection has another listener than its AcceptRequest, or a ConnectOk has a listener. */
        WRONG_LISTENER,

        /** No outstanding request has the reply's request_id. */
        UNKNOWN_REQUEST,

        /** The request was of another kind, such as a ListenRequest for a ConnectOk. */
        WRONG_REPLY
    }

    /** Why the frame is malformed. */
    private final Reason reason;

    ProtocolException(Reason reason, String detail) {
        super(reason + ": " + detail, null, false, false);
        this.reason = reason;
    }

    /**
     * Returns why the frame is malformed.
     *
     * @return the reason; the message begins with it, and adds the numbers that show it
     */
    public Reason reason() {
        return reason;
    }
}
