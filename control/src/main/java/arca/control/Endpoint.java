package arca.control;

/**
 * An IP address and a port. Every address and port is valid here: the monitor's policy decides where guests may listen and
 * connect.
 *
 * <p>The address is not an {@link IpAddress} inside, so that a request has one object less.
 *
 * @param high the first eight octets of the address, as in {@link IpAddress}
 * @param low its last eight octets; messages of revision 1 carry IPv4 addresses only
 * @param port 0 to 65535; in a {@link Request.ListenRequest} 0 means any free port
 */
public record Endpoint(long high, long low, int port) {
    private static final int MAX_PORT = 0xffff;

    /** Creates an endpoint, unless the port is out of range. */
    public Endpoint {
        if (port < 0 || port > MAX_PORT) throw new IllegalArgumentException("a port is 0 to 65535, not " + port);
    }

    /**
     * Creates an endpoint with an IPv4 address.
     *
     * @param ipv4 the four octets in network order, the first in the highest byte: 0x7f000001 is 127.0.0.1
     * @param port 0 to 65535
     */
    public Endpoint(int ipv4, int port) {
        this(0, IpAddress.MAPPED | Integer.toUnsignedLong(ipv4), port);
    }

    /**
     * Creates an endpoint.
     *
     * @param address the address
     * @param port 0 to 65535
     */
    public Endpoint(IpAddress address, int port) {
        this(address.high(), address.low(), port);
    }

    /**
     * Returns the address.
     *
     * @return the address, a new object
     */
    public IpAddress address() {
        return new IpAddress(high, low);
    }

    /**
     * Returns whether this is an endpoint of IPv4.
     *
     * @return false for IPv6
     */
    public boolean isIpv4() {
        return IpAddress.isIpv4(high, low);
    }

    /**
     * Returns the address of an endpoint of IPv4.
     *
     * @return the four octets in network order, the first in the highest byte
     * @throws IllegalStateException if this is an endpoint of IPv6
     */
    public int ipv4() {
        if (!isIpv4()) throw new IllegalStateException(this + " is an endpoint of IPv6");
        return (int) low;
    }

    /**
     * Parses the text form of {@link #toString}.
     *
     * @param text an address and a port, {@code 127.0.0.1:8080} or {@code [2001:db8::1]:443}. Leading zeros in an octet or a port
     *     are not allowed, because some programs read them as octal
     * @return the endpoint
     * @throws IllegalArgumentException if the text is anything else
     */
    public static Endpoint parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) throw new IllegalArgumentException("an endpoint is ADDRESS:PORT, not " + text);
        try {
            return new Endpoint(address(text.substring(0, colon)), Decimal.parse(text.substring(colon + 1), MAX_PORT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(text + ": " + e.getMessage(), e);
        }
    }

    private static IpAddress address(String text) {
        boolean opens = text.startsWith("[");
        boolean closes = text.endsWith("]");
        if (opens && closes && text.indexOf(':') >= 0) return IpAddress.parse(text.substring(1, text.length() - 1));
        if (opens || closes || text.indexOf(':') >= 0) {
            throw new IllegalArgumentException("an IPv6 address and a port are written as [ADDRESS]:PORT");
        }
        return IpAddress.parse(text);
    }

    /** Returns address and port, such as {@code 127.0.0.1:8080} or {@code [2001:db8::1]:443}. */
    @Override
    public String toString() {
        return isIpv4() ? address() + ":" + port : "[" + address() + "]:" + port;
    }
}
