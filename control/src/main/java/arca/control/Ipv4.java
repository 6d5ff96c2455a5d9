package arca.control;

/** IPv4 addresses, as ints and as text. The first octet is in the highest byte: 0x7f000001 is 127.0.0.1. */
public final class Ipv4 {
    private static final int OCTETS = 4;
    private static final int MAX_OCTET = 0xff;

    private Ipv4() {}

    /**
     * Parses an address.
     *
     * @param text four decimal octets, {@code 127.0.0.1}
     * @return the address
     * @throws IllegalArgumentException if the text is anything else
     */
    public static int parse(String text) {
        String[] octets = text.split("\\.", -1);
        if (octets.length != OCTETS) throw new IllegalArgumentException("\"" + text + "\" is not an IPv4 address");
        int address = 0;
        for (String octet : octets) address = address << Byte.SIZE | Decimal.parse(octet, MAX_OCTET);
        return address;
    }

    /**
     * Returns the text form of an address, which {@link #parse} takes.
     *
     * @param address the address
     * @return four decimal octets
     */
    public static String toString(int address) {
        return (address >>> 24) + "." + (address >>> 16 & MAX_OCTET) + "." + (address >>> 8 & MAX_OCTET) + "."
                + (address & MAX_OCTET);
    }
}
