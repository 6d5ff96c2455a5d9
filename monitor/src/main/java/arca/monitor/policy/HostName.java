package arca.monitor.policy;

import java.net.IDN;
import java.util.Locale;

/**
 * A host name as DNS has it: labels of letters, digits, hyphens and underscores, with dots between them. Names that are written
 * with other letters are turned into A-labels (RFC 5890, section 2.3.2.1).
 *
 * @param text the name in lower-case ASCII, 1 to 253 characters, without the dot at the end
 */
public record HostName(String text) {
    private static final int MAX_LENGTH = 253; // RFC 1035, section 2.3.4: 255 octets on the wire
    private static final int MAX_LABEL = 63;
    private static final String DEVIATIONS =
            "\u00df\u03c2\u200c\u200d"; // UTS 46, section 4: ss, final sigma, ZWNJ, ZWJ

    /** Refuses a text that is not in the form that {@link #parse} returns. */
    public HostName {
        check(text);
    }

    /**
     * Parses a name.
     *
     * @param text a name in any case; one dot at its end is left out
     * @return the name
     * @throws IllegalArgumentException if it is not a host name; the message says what is wrong with it
     */
    public static HostName parse(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (DEVIATIONS.indexOf(text.charAt(i)) >= 0) {
                throw new IllegalArgumentException("programs disagree on what U+"
                        + String.format(Locale.ROOT, "%04X", (int) text.charAt(i))
                        + " means in a host name: write the name in A-labels, which begin with xn--");
            }
        }
        String ascii = ascii(text).toLowerCase(Locale.ROOT);
        return new HostName(ascii.endsWith(".") ? ascii.substring(0, ascii.length() - 1) : ascii);
    }

    private static String ascii(String text) {
        if (text.chars().allMatch(c -> c < 0x80)) return text;
        try {
            return IDN.toASCII(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("\"" + text + "\" is not a host name: " + e.getMessage(), e);
        }
    }

    private static void check(String name) {
        if (name.isEmpty()) throw new IllegalArgumentException("a host name is not empty");
        if (name.equals("any")) {
            throw new IllegalArgumentException("\"any\" cannot be a host name: it stands for every address");
        }
        if (name.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("a host name has at most 253 characters, not " + name.length());
        }
        String[] labels = name.split("\\.", -1);
        for (String label : labels) checkLabel(name, label);
        if (isNumber(labels[labels.length - 1])) {
            throw new IllegalArgumentException(
                    "\"" + name
                            + "\" is neither an IPv4 address of four decimal octets nor a host name: the last label is a number");
        }
    }

    private static void checkLabel(String name, String label) {
        if (label.isEmpty()) throw new IllegalArgumentException("\"" + name + "\" has an empty label");
        if (label.length() > MAX_LABEL) {
            throw new IllegalArgumentException(
                    "a label of a host name has at most 63 characters, not " + label.length());
        }
        for (int i = 0; i < label.length(); i++) {
            char c = label.charAt(i);
            if (c == '*') {
                throw new IllegalArgumentException(
                        "a * can only be the first label, alone, with a name after it: *.example.com");
            }
            boolean isValid = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_';
            if (!isValid)
                throw new IllegalArgumentException("\"" + name + "\" is not a host name: it has " + quoted(c));
        }
        if (label.startsWith("-") || label.endsWith("-")) {
            throw new IllegalArgumentException("the label \"" + label + "\" begins or ends with a hyphen");
        }
    }

    private static String quoted(char c) {
        return c > ' ' && c < 0x7f ? "a \"" + c + "\"" : String.format(Locale.ROOT, "the character U+%04X", (int) c);
    }

    /** Returns whether a program could take a label for the end of an IPv4 address, which may be octal or hexadecimal. */
    private static boolean isNumber(String label) {
        return label.matches("[0-9]+|0x[0-9a-f]*");
    }

    @Override
    public String toString() {
        return text;
    }
}
