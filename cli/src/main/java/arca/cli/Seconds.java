package arca.cli;

import java.math.BigDecimal;
import java.time.Duration;
import picocli.CommandLine.TypeConversionException;

/** A time on the command line, in seconds: {@code 30} or {@code 0.25}. */
record Seconds(Duration duration) {
    private static final int NANO_DIGITS = 9;

    static Seconds parse(String text) {
        if (!text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
            throw new TypeConversionException("\"" + text + "\" is not a number of seconds, such as 30 or 0.25");
        }
        return new Seconds(Duration.ofNanos(
                new BigDecimal(text).movePointRight(NANO_DIGITS).longValueExact()));
    }

    @Override
    public String toString() {
        return BigDecimal.valueOf(duration.toNanos(), NANO_DIGITS)
                .stripTrailingZeros()
                .toPlainString();
    }
}
