package arca.control;

import arca.control.ProtocolException.Reason;
import java.lang.foreign.MemoryLayout;

/** The messages of revision 1, in the order of their numbers. */
public enum MessageType {
    /** Asks the monitor to listen on an endpoint. */
    LISTEN_REQUEST(1, "ListenRequest", Sender.GUEST, Wire.ENDPOINT),

    /** Says that the listener exists. */
    LISTEN_OK(2, "ListenOk", Sender.MONITOR, Wire.LISTENER),

    /** Asks the monitor to connect to an endpoint. */
    CONNECT_REQUEST(3, "ConnectRequest", Sender.GUEST, Wire.ENDPOINT),

    /** Says that the connection is established. */
    CONNECT_OK(4, "ConnectOk", Sender.MONITOR, Wire.CONNECTION_READY),

    /** Hands over a connection that a listener has accepted. */
    INCOMING_CONNECTION(5, "IncomingConnection", Sender.MONITOR, Wire.CONNECTION_READY),

    /** Says that there is no listener, and why. */
    LISTEN_ERR(6, "ListenErr", Sender.MONITOR, Wire.FAILURE),

    /** Says that there is no connection, and why. */
    CONNECT_ERR(7, "ConnectErr", Sender.MONITOR, Wire.FAILURE),

    /** Asks for the next connection of a listener. */
    ACCEPT_REQUEST(8, "AcceptRequest", Sender.GUEST, Wire.LISTENER),

    /** Says that no connection will come for this request, and why. */
    ACCEPT_ERR(9, "AcceptErr", Sender.MONITOR, Wire.FAILURE);

    /** The side that sends a message. The monitor sends nothing but replies. */
    public enum Sender {
        /** Sends requests. */
        GUEST,

        /** Sends replies. */
        MONITOR
    }

    private static final MessageType[] BY_NUMBER = byNumber();

    private final int number;
    private final String wireName;
    private final Sender sender;
    private final int payloadSize;

    MessageType(int number, String wireName, Sender sender, MemoryLayout payload) {
        this.number = number;
        this.wireName = wireName;
        this.sender = sender;
        this.payloadSize = Math.toIntExact(payload.byteSize());
    }

    private static MessageType[] byNumber() {
        MessageType[] table = new MessageType[values().length + 1]; // index 0 stays empty
        for (MessageType type : values()) table[type.number] = type;
        return table;
    }

    /** Returns the type that has a number on the wire, 0 to 255. */
    static MessageType of(int number) throws ProtocolException {
        if (number == 0 || number >= BY_NUMBER.length) {
            throw new ProtocolException(Reason.UNKNOWN_TYPE, "message_type " + number);
        }
        return BY_NUMBER[number];
    }

    /** Returns the size of the longest frame that a sender sends, in bytes. */
    static int maxFrameSize(Sender sender) {
        int max = 0;
        for (MessageType type : values()) {
            if (type.sender == sender) max = Math.max(max, type.frameSize());
        }
        return max;
    }

    /**
     * Returns the number on the wire.
     *
     * @return the message_type, u8
     */
    public int number() {
        return number;
    }

    /**
     * Returns which side sends this message.
     *
     * @return the guest for a request, the monitor for a reply
     */
    public Sender sender() {
        return sender;
    }

    /**
     * Returns the size of the payload, which all messages of this type have.
     *
     * @return the payload_len in bytes
     */
    public int payloadSize() {
        return payloadSize;
    }

    /**
     * Returns the size of a frame with this message.
     *
     * @return the size of header and payload in bytes
     */
    public int frameSize() {
        return Wire.HEADER_SIZE + payloadSize;
    }

    /** Returns the name in PROTOCOL.md, such as {@code ListenRequest}. */
    @Override
    public String toString() {
        return wireName;
    }
}
