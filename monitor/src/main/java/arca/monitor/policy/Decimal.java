package arca.monitor.policy;

/** Whole numbers as people write them. */
final class Decimal {
    private Decimal() {}

    /** A number from 0 to {@code max}, at most 65535; no sign and no leading zeros, which some read as octal. */
    static int parse(String digits, int max) {
        if (digits.matches("0|[1-9][0-9]{0,4}")) {
            int value = Integer.parseInt(digits);
            if (value <= max) return value;
        }
        throw new IllegalArgumentException("\"" + digits + "\" is not a number from 0 to " + max);
    }
}
