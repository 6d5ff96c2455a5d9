package arca.control;

/**
 * An IPv4 address and a port. Every address and port is valid here: the monitor's policy decides where guests may listen
 * and connect.
 *
 * @param address the four octets in network order, the first in the highest byte: 0x7f000001 is 127.0.0.1
 * @param port 0 to 65535; in a {@link Request.ListenRequest} 0 means any free port
 */
public record Endpoint(int address, int port) {
    private static final int MAX_PORT = 0xffff;

    /** Creates an endpoint, unless the port is out of range. */
    public Endpoint {
        if (port < 0 || port > MAX_PORT) throw new IllegalArgumentException("a port is 0 to 65535, not " + port);
    }

    /**
     * Parses the text form of {@link #toString}.
     *
     * @param text four decimal octets and a port, {@code 127.0.0.1:8080}; leading zeros are not allowed, because some
     *     programs read them as octal
     * @return the endpoint
     * @throws IllegalArgumentException if the text is anything else
     */
    public static Endpoint parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) throw new IllegalArgumentException("an endpoint is ADDRESS:PORT, not " + text);
        try {
            return new Endpoint(
                    Ipv4.parse(text.substring(0, colon)), Decimal.parse(text.substring(colon + 1), MAX_PORT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(text + ": " + e.getMessage(), e);
        }
    }

    /** Returns address and port, such as {@code 127.0.0.1:8080}. */
    @Override
    public String toString() {
        return Ipv4.toString(address) + ":" + port;
    }
}
