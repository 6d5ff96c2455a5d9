package arca.control;

import arca.control.ProtocolException.Reason;
import java.lang.foreign.MemoryLayout;

/** The messages of revision 1, in the order of their numbers. */
public enum MessageType {
    /** Listen on an endpoint. */
    LISTEN_REQUEST(1, "ListenRequest", Sender.GUEST, Wire.ENDPOINT),

    /** The guest has a listener. */
    LISTEN_OK(2, "ListenOk", Sender.MONITOR, Wire.LISTENER),

    /** Connect to an endpoint. */
    CONNECT_REQUEST(3, "ConnectRequest", Sender.GUEST, Wire.ENDPOINT),

    /** The connection the guest asked for stands. */
    CONNECT_OK(4, "ConnectOk", Sender.MONITOR, Wire.CONNECTION_READY),

    /** A connection has come in by the listener the guest accepts on. */
    INCOMING_CONNECTION(5, "IncomingConnection", Sender.MONITOR, Wire.CONNECTION_READY),

    /** There is no such listener. */
    LISTEN_ERR(6, "ListenErr", Sender.MONITOR, Wire.FAILURE),

    /** There is no such connection. */
    CONNECT_ERR(7, "ConnectErr", Sender.MONITOR, Wire.FAILURE),

    /** Give the next connection of a listener. */
    ACCEPT_REQUEST(8, "AcceptRequest", Sender.GUEST, Wire.LISTENER),

    /** No connection will come for this request. */
    ACCEPT_ERR(9, "AcceptErr", Sender.MONITOR, Wire.FAILURE);

    /** Who sends a message. A monitor sends replies only. */
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
        MessageType[] table = new MessageType[values().length + 1]; // numbers begin at 1
        for (MessageType type : values()) table[type.number] = type;
        return table;
    }

    /** The type of a number from the wire, 0 to 255. */
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
     * The number on the wire.
     *
     * @return the message_type, u8
     */
    public int number() {
        return number;
    }

    /**
     * Who sends it.
     *
     * @return the guest for a request, the monitor for a reply
     */
    public Sender sender() {
        return sender;
    }

    /**
     * The size of its payload, the same for every message of the type.
     *
     * @return the payload_len in bytes
     */
    public int payloadSize() {
        return payloadSize;
    }

    /**
     * The size of a frame with this message.
     *
     * @return header and payload in bytes
     */
    public int frameSize() {
        return Wire.HEADER_SIZE + payloadSize;
    }

    /** The protocol's name: {@code ListenRequest}. */
    @Override
    public String toString() {
        return wireName;
    }
}
