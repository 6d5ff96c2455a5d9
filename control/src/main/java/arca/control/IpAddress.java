package arca.control;

import java.util.StringJoiner;

/**
 * An IPv4 or IPv6 address. An IPv4 address is held as IPv6 maps it: {@code ::ffff:a.b.c.d}, RFC 4291, section 2.5.5.2. So the
 * mapped form and the IPv4 address are the same value, as they are for TCP.
 *
 * @param high the first eight octets in network order, the first in the highest byte
 * @param low the last eight octets
 */
public record IpAddress(long high, long low) {
    static final long MAPPED = 0xffff_0000_0000L; // the bits of low before an IPv4 address
    private static final int GROUPS = 8;
    private static final int HALF = GROUPS / 2;
    private static final int MAX_DIGITS = 4; // of a group
    private static final int HEX = 16;
    private static final int LEAST_RUN = 2; // RFC 5952, section 4.2.2: "::" does not stand for one group

    /**
     * Creates an IPv4 address.
     *
     * @param ipv4 the four octets in network order, the first in the highest byte: 0x7f000001 is 127.0.0.1
     */
    public IpAddress(int ipv4) {
        this(0, MAPPED | Integer.toUnsignedLong(ipv4));
    }

    /**
     * Returns the address of octets.
     *
     * @param octets 4 octets for IPv4, or 16 for IPv6, in network order
     * @return the address
     */
    public static IpAddress of(byte[] octets) {
        if (octets.length == Integer.BYTES) return new IpAddress((int) number(octets, 0, Integer.BYTES));
        if (octets.length != 2 * Long.BYTES) {
            throw new IllegalArgumentException("an address has 4 or 16 octets, not " + octets.length);
        }
        return new IpAddress(number(octets, 0, Long.BYTES), number(octets, Long.BYTES, Long.BYTES));
    }

    private static long number(byte[] octets, int from, int count) {
        long number = 0;
        for (int i = from; i < from + count; i++) number = number << Byte.SIZE | Byte.toUnsignedInt(octets[i]);
        return number;
    }

    /**
     * Parses an address: {@code 127.0.0.1}, or any text form of RFC 4291, section 2.2, such as {@code 2001:db8::1}.
     *
     * @param text the text form, without brackets, prefix and zone
     * @return the address
     * @throws IllegalArgumentException if the text is anything else; the message says what is wrong with it
     */
    public static IpAddress parse(String text) {
        if (text.indexOf(':') < 0) return new IpAddress(ipv4(text));
        if (text.indexOf('%') >= 0) throw invalid(text, "zones such as %eth0 are not supported");
        int gap = text.indexOf("::");
        if (gap < 0) {
            int[] all = groups(text, text, true);
            if (all.length != GROUPS) throw invalid(text, "it has " + all.length + " groups instead of 8, and no ::");
            return of(all);
        }
        int[] first = groups(text, text.substring(0, gap), false);
        int[] last = groups(text, text.substring(gap + 2), true);
        if (first.length + last.length >= GROUPS) throw invalid(text, "it has too many groups");
        int[] all = new int[GROUPS];
        System.arraycopy(first, 0, all, 0, first.length);
        System.arraycopy(last, 0, all, GROUPS - last.length, last.length);
        return of(all);
    }

    private static IpAddress of(int[] groups) {
        long high = 0;
        long low = 0;
        for (int i = 0; i < HALF; i++) {
            high = high << Short.SIZE | groups[i];
            low = low << Short.SIZE | groups[HALF + i];
        }
        return new IpAddress(high, low);
    }

    private static int ipv4(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isLetter(text.charAt(i))) {
                throw new IllegalArgumentException("\"" + text + "\" is a host name, and an IP address is needed here");
            }
        }
        return Ipv4.parse(text);
    }

    /** Parses groups of hexadecimal digits with colons between them. The last two may be written as an IPv4 address. */
    private static int[] groups(String whole, String text, boolean mayEndInIpv4) {
        if (text.isEmpty()) return new int[0];
        String[] parts = text.split(":", -1);
        String last = parts[parts.length - 1];
        boolean endsInIpv4 = mayEndInIpv4 && last.indexOf('.') >= 0;
        int[] groups = new int[parts.length + (endsInIpv4 ? 1 : 0)];
        for (int i = 0; i < parts.length; i++) {
            if (endsInIpv4 && i == parts.length - 1) {
                int ipv4 = Ipv4.parse(last);
                groups[i] = ipv4 >>> Short.SIZE;
                groups[i + 1] = ipv4 & 0xffff;
            } else {
                groups[i] = group(whole, parts[i]);
            }
        }
        return groups;
    }

    private static int group(String whole, String digits) {
        if (digits.isEmpty()) throw invalid(whole, "it has an empty group");
        if (digits.length() > MAX_DIGITS) throw invalid(whole, "\"" + digits + "\" has more than 4 digits");
        int value = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            int digit = c < 0x80 ? Character.digit(c, HEX) : -1; // Java has digits of other scripts, too
            if (digit < 0) throw invalid(whole, "\"" + digits + "\" is not a hexadecimal number");
            value = value * HEX + digit;
        }
        return value;
    }

    private static IllegalArgumentException invalid(String text, String why) {
        return new IllegalArgumentException("\"" + text + "\" is not an IPv6 address: " + why);
    }

    /**
     * Returns whether this is an IPv4 address.
     *
     * @return true for IPv4, also if it was written as an IPv6 address that maps it
     */
    public boolean isIpv4() {
        return isIpv4(high, low);
    }

    /**
     * Returns whether octets are those of an IPv4 address.
     *
     * @param high the first eight octets
     * @param low the last eight octets
     * @return true for IPv4
     */
    public static boolean isIpv4(long high, long low) {
        return high == 0 && low >>> Integer.SIZE == MAPPED >>> Integer.SIZE;
    }

    /**
     * Returns the four octets of an IPv4 address.
     *
     * @return the octets in network order, the first in the highest byte
     * @throws IllegalStateException if this is an IPv6 address
     */
    public int ipv4() {
        if (!isIpv4()) throw new IllegalStateException(this + " is an IPv6 address");
        return (int) low;
    }

    /** Returns the text form, which {@link #parse} takes: for IPv6, that of RFC 5952, section 4. */
    @Override
    public String toString() {
        if (isIpv4()) return Ipv4.toString((int) low);
        int gap = -1; // where "::" stands, and for how many groups
        int length = 0;
        for (int i = 0; i < GROUPS; i++) {
            int run = zerosAt(i);
            if (run >= LEAST_RUN && run > length) {
                gap = i;
                length = run;
            }
        }
        if (gap < 0) return join(0, GROUPS);
        return join(0, gap) + "::" + join(gap + length, GROUPS);
    }

    private int zerosAt(int group) {
        int end = group;
        while (end < GROUPS && group(end) == 0) end++;
        return end - group;
    }

    private String join(int from, int to) {
        StringJoiner joined = new StringJoiner(":");
        for (int i = from; i < to; i++) joined.add(Integer.toHexString(group(i)));
        return joined.toString();
    }

    private int group(int i) {
        long half = i < HALF ? high : low;
        return (int) (half >>> Short.SIZE * (HALF - 1 - i % HALF)) & 0xffff;
    }
}
