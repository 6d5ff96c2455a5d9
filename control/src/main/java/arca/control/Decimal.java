package arca.control;

/** Whole numbers as people write them. */
public final class Decimal {
    private Decimal() {}

    /**
     * Parses a number. It has no sign and no leading zeros, because some programs read those as octal.
     *
     * @param digits the number, in the digits 0 to 9
     * @param max the largest number that is accepted, at most 65535
     * @return the number, 0 to {@code max}
     * @throws IllegalArgumentException if the text is anything else
     */
    public static int parse(String digits, int max) {
        if (digits.matches("0|[1-9][0-9]{0,4}")) {
            int value = Integer.parseInt(digits);
            if (value <= max) return value;
        }
        throw new IllegalArgumentException("\"" + digits + "\" is not a number from 0 to " + max);
    }
}
